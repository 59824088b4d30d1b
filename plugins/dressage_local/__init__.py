"""Train on this machine: no account, no server, no Docker, no root.

In the workspace this platform keeps

    objects/ab/DIGEST            bytes of datasets and models, by SHA-256, read-only
    datasets/NAME/VERSION[.json] a version's files (hard links to objects) and what it is
    models/NAME/VERSION[.json]   likewise
    compute/NAME.json            a named target: how many runs at a time; its queue beside it
    environments/KEY/            built environments
    runs/RUN/                    journal.jsonl, log.txt, work/ (the script's folder), artifacts/

The bytes, environments and supervisors are core's; this package puts them together for one machine.
"""
