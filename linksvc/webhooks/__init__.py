"""Webhooks, by the rules of Standard Webhooks: what happens here is told to the systems of workspaces and shops.

`events` is what can be told; `outbox` writes it down in the transaction of what happened, for `code_news` what tills do, for
`news` what applier and STOP do, for `survey_news` what is answered on pages. `endpoints` are the addresses, with their
secrets (`signing`). `queue` gives what is due to `ricochet.webhook_sender`, which sends it by `posting`, and notes what came
of it by `schedule`; `deliveries` is the log, and sends again; `retention` forgets. docs/webhooks.md is for whoever receives.
"""
