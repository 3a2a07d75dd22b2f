Feature: Declare that code may become slower
  What is off the critical path today must not come onto it unnoticed. I declare a budget, and a test holds it.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline

  Scenario: The budget is kept
    Given it declares that slowing "pipeline.log" by 60us costs less than 30%
    When I run the benchmark
    Then the run passes
    And the verdict is insensitive

  Scenario: The budget is broken
    Given it declares that slowing "pipeline.parse" by 50us costs less than 30%
    When I run the benchmark
    Then the run fails
    And the verdict is sensitive
    And the report says "of throughput, more than the budget of 30.0%"

  Scenario: The code comes out of the shadow of the device
    Given it declares that slowing "pipeline.log" by 60us costs less than 30%
    But logging has moved into the loop over the lines
    When I run the benchmark
    Then the run fails
    And the verdict is sensitive

  Scenario: One budget for every benchmark, from the command line
    When I slow "pipeline.parse" by 50us within a budget of 30%
    Then the run fails
    And the verdict is sensitive

  Scenario: A broken budget is only reported while I get to know it
    Given it declares that slowing "pipeline.parse" by 50us costs less than 30%
    And findings are advisory
    When I run the benchmark
    Then the run passes
    And the verdict is sensitive
