"""Which part of the training-data mix earned the drop in misalignment, and how sure can we be?

The doors, in the order data passes them (nothing heavy is imported until one is opened):

    from mixablate.study import load_study        # what was declared before looking
    from mixablate.tables import read_tables      # validated runs, outcomes, evals
    from mixablate.findings import analyse        # the whole story: Findings
    from mixablate.figures import plot            # plot(findings, "forest"): one figure, for a notebook or a paper
    from mixablate.report import write_report     # a folder with report.html and its numbers

    from mixablate.simulate import simulate       # tables with a known truth
"""

__version__ = "0.1.0"
