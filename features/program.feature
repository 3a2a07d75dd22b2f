Feature: Slow code without pytest
  I try a delay in a program of my own, and learn what it did.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works

  Scenario: Calls inside the block are slowed, and no others
    When my program runs the pipeline, 2 times with "pipeline.parse" slowed by 100us, and once more
    Then it counts 40 calls, slowed by 4ms in all

  Scenario: One at a time
    When my program slows "pipeline.log" while it slows "pipeline.parse"
    Then it stops and says "slow('pipeline.parse')"
