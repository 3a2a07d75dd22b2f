Feature: List what a target matches
  Before I spend time on measuring, I want to see which code my pattern means.

  Scenario: A pattern that matches several functions
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline
    When I list what "pipeline.*" matches
    Then the run passes
    And nothing was measured
    And these calls are listed:
      | function        | calls |
      | pipeline.parse  | 20    |
      | pipeline.step   | 1     |
      | pipeline.device | 1     |
      | pipeline.log    | 1     |
