"""The claims of the Wav2Vid paper, each with the verdict that a study gives on it.

::

    claims.yaml ─▶ claims ─┐
                           ├─▶ checks ─▶ verdicts ─▶ table, claims.csv, claims.json, report
    a study's records ─────┘
"""
