"""Train on this machine, without an account, a server, Docker or root.

A workspace with local runs contains

    objects/ab/DIGEST            bytes of datasets and models, by SHA-256, read-only
    datasets/NAME/VERSION[.json] a version's files (hard links to objects) and its description
    quarantine/                  files that were changed after they were registered
    models/NAME/VERSION[.json]   the same for models
    compute/NAME.json            a compute target: how many runs execute at a time; its queue is next to it
    environments/KEY/            built environments
    runs/RUN/                    journal.jsonl, log.txt, work/ (the script's folder), artifacts/

Core stores the objects, builds environments and supervises runs; this package combines them for one machine.
"""
