"""The SMSC simulator: a real SMPP server and the people behind it, for `ricochet smsc`, `ricochet demo` and the tests.

It knows what an operator, a phone, a person and a till would know, and never looks into our database: what it writes in
its ledger is therefore fit to judge the funnel by.
"""
