Feature: Slow a target and learn the drop
  A profiler says where time is spent, not whether it matters. I make chosen code slower by a known delay
  while my benchmark runs, and learn what throughput really loses.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline

  Scenario: Code on the critical path
    When I slow "pipeline.parse" by 50us
    Then the run passes
    And the verdict is measured
    And "pipeline.parse" was called 20 times in each run of the pipeline
    And the drop is over 50%
    And the transmission is over 50%

  Scenario: Code that is implemented in C
    When I slow "c:zlib.crc32" by 50us
    Then the run passes
    And the verdict is measured
    And "c:zlib.crc32" was called 20 times in each run of the pipeline
    And the drop is over 50%
    And the transmission is over 50%

  Scenario: Code that hides behind the device
    When I slow "pipeline.log" by 60us
    Then the run passes
    And the verdict is measured
    And the drop is under 25%
    And the transmission is under 50%
