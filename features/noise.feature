Feature: Noise never decides
  Where the machine is too noisy, or the time too short, I want to hear that, and neither a pass nor a failure.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline
    And it declares that slowing "pipeline.log" by 1us costs less than 2%

  Scenario: The machine is too noisy to say
    Given the device takes a wildly different time whenever it works
    And a verdict may take 500ms
    And a false failure may happen once in 1000000 runs
    When I run the benchmark
    Then the run passes
    And the verdict is inconclusive
    And the report says "inconclusive: "

  Scenario: The limit is too short to say
    Given a verdict may take 10ms
    When I run the benchmark
    Then the run passes
    And the verdict is inconclusive
    And the report says "the limit is 10ms; give it --speedbump-max-time"

  Scenario: Where I must know, not knowing is a failure
    Given a verdict may take 10ms
    And findings are strict
    When I run the benchmark
    Then the run fails
    And the verdict is inconclusive
