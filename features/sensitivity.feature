Feature: Declare that a benchmark feels the code that it is for
  A benchmark that measures the wrong thing stays green for years. I declare what it must feel.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline

  Scenario: The benchmark feels it
    Given it declares that slowing "pipeline.parse" by 50us costs at least 30%
    When I run the benchmark
    Then the run passes
    And the verdict is sensitive

  Scenario: The benchmark measures something else
    Given it declares that slowing "pipeline.log" by 60us costs at least 30%
    When I run the benchmark
    Then the run fails
    And the verdict is insensitive
    And the report says "does it measure what it is meant to?"
