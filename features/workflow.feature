Feature: Benchmark the plugin itself
  As a maintainer I see at any commit what the plugin costs, from one command.

  Scenario: See the plan without the tools
    Given hyperfine is not installed
    When I ask for a dry run of "pytest/*"
    Then the command succeeds
    And the plan names these scenarios:
      | pytest/plain  |
      | pytest/inert  |
      | pytest/armed  |
      | pytest/slowed |

  Scenario: Hear which tool is missing
    Given hyperfine is not installed
    When I ask for a smoke run of "pytest/plain"
    Then the command refuses: "hyperfine is not installed; get it by `apt-get install hyperfine`, or see --dry-run"

  Scenario: Try in seconds whether it all works
    Given hyperfine is installed
    When I ask for a smoke run of "pipeline/uninstrumented/stages=1/payload=64B/delay=0ns"
    Then the command succeeds
    And the result has 2 times of "pipeline/uninstrumented/stages=1/payload=64B/delay=0ns"
