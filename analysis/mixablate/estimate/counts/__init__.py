"""From counts alone: intervals and tests for the rates of fixed models, whose rollouts are independent."""
