"""What the Wav2Vid paper claims, and what a study says of it: a verdict for every claim.

::

    claims.yaml ─▶ claims ─┐
                           ├─▶ checks ─▶ verdicts ─▶ table, claims.csv, claims.json, report
    a study's records ─────┘
"""
