Feature: A target that never ran
  A budget that guards nothing must not pass: I misspell a name, or somebody renames the function.

  Background:
    Given a pipeline that parses 20 lines, then logs while its device works
    And a benchmark of the pipeline

  Scenario: A declared budget guards nothing
    Given it declares that slowing "pipeline.prase" by 60us costs less than 30%
    When I run the benchmark
    Then the run fails
    And the verdict is void
    And the report says "pipeline.prase never ran in the measured rounds"
    And the report says "names like pipeline.parse"

  Scenario: No benchmark of the run calls what I slow
    When I slow "pipeline.prase" by 60us
    Then the run fails
    And the verdict is void
    And the report says "no benchmark of this run calls its targets"

  Scenario: Some benchmarks call what I slow, and others need not
    Given another benchmark, which only archives
    When I slow "pipeline.archive" by 60us
    Then the run passes
    And the report says "1 void, 1 measured"

  Scenario: I name code that is implemented in C as if it were Python
    When I slow "zlib.crc32" by 60us
    Then the run fails
    And the verdict is void
    And the report says "zlib.crc32 is implemented in C; write c:zlib.crc32"
