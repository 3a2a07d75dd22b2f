Feature: A gate for pull requests
  I save what slowing costs today. A change that makes it cost more fails with the reason, until I accept it.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline
    And it measures what slowing "pipeline.log" by 60us costs

  Scenario: Nothing has changed
    Given I have saved what was found
    When I compare with what was saved
    Then the run passes
    And the verdict is measured

  Scenario: The sensitivity has grown
    Given I have saved what was found
    But logging has moved into the loop over the lines
    When I compare with what was saved
    Then the run fails
    And the report says "grown since the lockfile was written: it costs"
    And the report says "calls a run 1 -> 20"

  Scenario: Growth is accepted
    Given I have saved what was found
    And logging has moved into the loop over the lines
    And I have saved what was found
    When I compare with what was saved
    Then the run passes

  Scenario: The sensitivity has improved
    Given logging has moved into the loop over the lines
    And I have saved what was found
    But logging has moved behind the device
    When I compare with what was saved
    Then the run passes
    And the report says "lockfile: improved: it costs only"

  Scenario: A renamed test guards nothing
    Given I have saved what was found
    But the benchmark has been renamed
    When I compare with what was saved
    Then the run fails
    And the report says "its test is gone (renamed or removed?)"
    And the report says "lockfile: new: not in the lockfile yet"
