"""Send the events of runs to a web address, as signed JSON.

Entry point: webhook = "dressage_webhook.plugin". The requests follow the conventions of Standard Webhooks, with the
headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
"""
