"""The charts below a campaign's funnel: each module takes counts and gives a picture and the table behind it."""
