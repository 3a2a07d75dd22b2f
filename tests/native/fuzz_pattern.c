/* Patterns and names from arbitrary bytes, one a line: module, qualname, file, patterns. Beside memory safety it holds
 * the set to its definition: the winner is the last pattern of a kind that matches alone.
 *
 *     fuzz_pattern [RUNS [SEED]]                       random inputs, the same ones for the same seed
 *     clang -fsanitize=fuzzer -DSB_LIBFUZZER ...       the same check under libFuzzer, which brings its own main
 */
#include "pattern.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATTERNS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    char *at; /* Owned; of exactly `length` bytes, so that a sanitizer sees the first byte read beyond. */
    size_t length;
} text;

static void expect(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fuzz_pattern: %s\n", what);
        abort();
    }
}

/* Takes what stands before the next newline, or all the rest. */
static text text_take(const uint8_t **data, size_t *size)
{
    const uint8_t *newline = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    const size_t length = newline != NULL ? (size_t)(newline - *data) : *size;
    const size_t used = newline != NULL ? length + 1 : length;
    text t = {.at = malloc(length > 0 ? length : 1), .length = length};
    expect(t.at != NULL, "no memory");
    if (used > 0) {
        memcpy(t.at, *data, length);
        *data += used;
        *size -= used;
    }
    return t;
}

/* texts: module, qualname, file */
static sb_named name(sb_kind kind, int line, const text *texts)
{
    return (sb_named){
        .kind = kind,
        .line = line,
        .module = texts[0].at,
        .module_length = texts[0].length,
        .qualname = texts[1].at,
        .qualname_length = texts[1].length,
        .file = texts[2].at,
        .file_length = texts[2].length,
    };
}

/* Whether the pattern, or what it excludes, matches alone. */
static int matches_alone(text pattern, const sb_named *named)
{
    const size_t skip = pattern.length > 0 && pattern.at[0] == '!';
    if (pattern.length > skip && pattern.at[skip] == '!') {
        return -1; /* "!!a" cannot be asked without its first '!' */
    }
    const char *at = pattern.at + skip;
    const size_t length = pattern.length - skip;
    sb_patterns *set;
    size_t bad;
    expect(sb_patterns_compile(&set, &at, &length, NULL, 1, &bad) == SB_PATTERN_OK, "a pattern compiles in a set only");
    const int winner = sb_patterns_match(set, named, NULL);
    sb_patterns_free(set);
    return winner == 0;
}

static void check_winner(const sb_patterns *set, const text *patterns, size_t count, const sb_named *named)
{
    const int winner = sb_patterns_match(set, named, NULL);
    expect(winner >= SB_MATCH_NONE && winner < (int)count, "the winner is out of range");
    for (size_t i = count; i-- > 0;) {
        const int alone = matches_alone(patterns[i], named);
        if (alone < 0) {
            return;
        }
        if (alone) {
            expect(winner == (patterns[i].at[0] == '!' ? SB_MATCH_NONE : (int)i), "the last match does not win");
            return;
        }
    }
    expect(winner == SB_MATCH_NONE, "the winner does not match alone");
}

/* Of every kind, and of lines that the random patterns name. */
static void check_set(const sb_patterns *set, const text *patterns, size_t count, const text *texts)
{
    for (int kind = 0; kind < SB_N_KINDS; kind++) {
        const sb_named named = name((sb_kind)kind, 0, texts);
        check_winner(set, patterns, count, &named);
    }
    for (int line = 1; line <= 11; line += 10) {
        const sb_named named = name(SB_LINE, line, texts);
        check_winner(set, patterns, count, &named);
        expect(sb_patterns_match(set, &named, NULL) < 0 || sb_patterns_may_match_lines(set, &named, line - 1, line + 1),
               "a line matches that none of its code object may");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text names[3];
    text patterns[MAX_PATTERNS];
    const char *texts[MAX_PATTERNS];
    size_t lengths[MAX_PATTERNS];
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        names[i] = text_take(&data, &size);
    }
    for (; count < MAX_PATTERNS && size > 0; count++) {
        patterns[count] = text_take(&data, &size);
        texts[count] = patterns[count].at;
        lengths[count] = patterns[count].length;
    }

    sb_patterns *set;
    size_t bad;
    const sb_pattern_error error = sb_patterns_compile(&set, texts, lengths, NULL, count, &bad);
    if (error == SB_PATTERN_OK) {
        check_set(set, patterns, count, names);
    }
    else {
        expect(set == NULL && bad < count, "an error without its pattern");
    }
    sb_patterns_free(set);

    while (count > 0) {
        free(patterns[--count].at);
    }
    for (int i = 0; i < 3; i++) {
        free(names[i].at);
    }
    return 0;
}

#ifndef SB_LIBFUZZER

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % below;
}

/* Writes up to 8 of the first `n` pieces, now and then an arbitrary byte, and a newline; at most 57 bytes. */
static size_t write_line(uint8_t *line, const char *const *pieces, uint32_t n, uint64_t *state)
{
    size_t size = 0;
    for (uint32_t left = draw(state, 9); left > 0; left--) {
        const uint32_t i = draw(state, n + 1);
        const char arbitrary[] = {(char)draw(state, 256), '\0'};
        const char *piece = i < n ? pieces[i] : arbitrary;
        memcpy(line + size, piece, strlen(piece));
        size += strlen(piece);
    }
    line[size++] = '\n';
    return size;
}

int main(int argc, char **argv)
{
    static const char *const pieces[] = {
        /* Of names, and so of patterns: */
        "a",
        "b",
        "a",
        "b",
        "ab",
        ".",
        "/",
        "-",
        "!",
        "\xc3\xa9",
        "\xed\xb2\x80",
        /* Of patterns only: */
        "*",
        "*",
        "*",
        "?",
        "[ab]",
        "[!a]",
        "[b-a",
        "[]-a]",
        "[!-\xc3\xa9]",
        "]",
        ":",
        ".py:",
        "1",
        "\\",
        "resume:",
        "c:",
        "native:",
    };
    const uint32_t of_names = 11;
    const uint32_t of_patterns = sizeof pieces / sizeof *pieces;
    const long runs = argc > 1 ? atol(argv[1]) : 100000;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    uint64_t state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
    for (long run = 0; run < runs; run++) {
        uint8_t data[(3 + MAX_PATTERNS) * 64];
        size_t size = 0;
        for (int i = 0; i < 3; i++) {
            size += write_line(data + size, pieces, of_names, &state);
        }
        for (uint32_t n = draw(&state, MAX_PATTERNS + 1); n > 0; n--) {
            size += write_line(data + size, pieces, of_patterns, &state);
        }
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("ok: %ld runs\n", runs);
    return 0;
}

#endif
