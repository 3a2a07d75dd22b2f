Feature: Sweep over delays
  I want to know how much slower my code may become before it begins to hurt.

  Scenario: The device hides a short delay and not a long one
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline
    When I slow "pipeline.log" by 60us,2ms
    Then the run passes
    And the drop at 60us is under 25%
    And the drop at 2ms is over 50%
