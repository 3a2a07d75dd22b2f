/* Every form, every error and every oddity of pattern.h by example. Python's fnmatch judges at random in tests/core. */
#include "check.h"
#include "pattern.h"

#include <stdint.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static sb_pattern_error compile(sb_patterns **set, const char *const *texts, size_t count, size_t *bad)
{
    size_t lengths[8];
    for (size_t i = 0; i < count; i++) {
        lengths[i] = strlen(texts[i]);
    }
    return sb_patterns_compile(set, texts, lengths, NULL, count, bad);
}

static int match_of(const sb_patterns *set, sb_kind kind, int line, const char *module, const char *qualname,
                    const char *file)
{
    const sb_named named = {
        .kind = kind,
        .line = line,
        .module = module,
        .module_length = strlen(module),
        .qualname = qualname,
        .qualname_length = strlen(qualname),
        .file = file,
        .file_length = file != NULL ? strlen(file) : 0,
    };
    return sb_patterns_match(set, &named, NULL);
}

static int match(const sb_patterns *set, const char *module, const char *qualname, const char *file)
{
    return match_of(set, SB_START, 0, module, qualname, file);
}

/* What a set of one pattern answers; -100 if it does not compile. */
static int match_one(const char *pattern, const char *module, const char *qualname, const char *file)
{
    sb_patterns *set;
    size_t bad;
    if (compile(&set, &pattern, 1, &bad) != SB_PATTERN_OK) {
        return -100;
    }
    const int winner = match(set, module, qualname, file);
    sb_patterns_free(set);
    return winner;
}

enum { NO = SB_MATCH_NONE, YES = 0 };

static void test_globs(void)
{
    /* Without a module the dotted name is the qualname: a bare glob against a bare text. */
    static const struct {
        int line;
        const char *glob;
        const char *text;
        int expected;
    } rows[] = {
        {__LINE__, "abc", "abc", YES},
        {__LINE__, "abc", "ab", NO},
        {__LINE__, "abc", "abcd", NO},
        {__LINE__, "abc", "Abc", NO},
        {__LINE__, "a", "", NO},
        {__LINE__, "*", "", YES},
        {__LINE__, "*", "a.b/c\n", YES},
        {__LINE__, "***", "x", YES},
        {__LINE__, "a*c", "ac", YES},
        {__LINE__, "a*c", "a.b.c", YES},
        {__LINE__, "a*c", "a.b.cd", NO},
        {__LINE__, "*ab", "aab", YES},
        {__LINE__, "*ab*ab", "ab", NO},
        {__LINE__, "*ab*ab", "abab", YES},
        {__LINE__, "*aab*", "aaaab", YES},
        {__LINE__, "a*?", "a", NO},
        {__LINE__, "a*?", "ab", YES},
        {__LINE__, "?", "", NO},
        {__LINE__, "?", "\n", YES},
        {__LINE__, "??", "x", NO},
        {__LINE__, "a.c", "abc", NO},
        {__LINE__, "a+(b|c)$", "a+(b|c)$", YES},
        {__LINE__, "a\\*", "a\\b", YES},
        {__LINE__, "a\\*", "ab", NO},
        {__LINE__, "a]", "a]", YES},
        {__LINE__, "f.<locals>.<lambda>", "f.<locals>.<lambda>", YES},
        {__LINE__, "!!a", "!a", NO}, /* the second '!' is literal, the first excludes */

        {__LINE__, "[abc]", "b", YES},
        {__LINE__, "[abc]", "d", NO},
        {__LINE__, "[abc]", "", NO},
        {__LINE__, "[abc]", "ab", NO},
        {__LINE__, "[!abc]", "d", YES},
        {__LINE__, "[!abc]", "b", NO},
        {__LINE__, "[!abc]", "", NO},
        {__LINE__, "[*]", "*", YES},
        {__LINE__, "[*]", "a", NO},
        {__LINE__, "[?]", "a", NO},
        {__LINE__, "[[]", "[", YES},
        {__LINE__, "[]]", "]", YES},
        {__LINE__, "[!]]", "]", NO},
        {__LINE__, "[!]]", "a", YES},
        {__LINE__, "[]abc]", "]", YES},
        {__LINE__, "[]abc]", "b", YES},
        {__LINE__, "[a]]", "a]", YES},
        {__LINE__, "[^a]", "^", YES},
        {__LINE__, "[^a]", "a", YES},
        {__LINE__, "[^a]", "b", NO},
        {__LINE__, "[\\]", "\\", YES},
        {__LINE__, "[a!]", "!", YES},
        {__LINE__, "[!!]", "!", NO},
        {__LINE__, "[:]", ":", YES},

        {__LINE__, "[a-c]", "b", YES},
        {__LINE__, "[a-c]", "-", NO},
        {__LINE__, "[!a-c]", "b", NO},
        {__LINE__, "[!a-c]", "d", YES},
        {__LINE__, "[a-]", "-", YES},
        {__LINE__, "[a-]", "a", YES},
        {__LINE__, "[-a]", "-", YES},
        {__LINE__, "[-]", "-", YES},
        {__LINE__, "[!-]", "-", NO},
        {__LINE__, "[!-a]", "-", NO},
        {__LINE__, "[!-a]", "&", YES}, /* a leading '!' begins no range */
        {__LINE__, "[!-a-c]", "b", NO},
        {__LINE__, "[--/]", ".", YES},
        {__LINE__, "[+--]", ",", YES},
        {__LINE__, "[---]", "-", YES},
        {__LINE__, "[a-c-e]", "d", NO},
        {__LINE__, "[a-c-e]", "-", YES},
        {__LINE__, "[a-c-e]", "e", YES},
        {__LINE__, "[]-a]", "_", YES},
        {__LINE__, "[^-a]", "_", YES},
        {__LINE__, "[z-a]", "m", NO},
        {__LINE__, "[z-a]", "z", NO},
        {__LINE__, "[z-a]", "-", NO},
        {__LINE__, "[!z-a]", "z", YES},
        {__LINE__, "[!z-a]", "", NO},
        {__LINE__, "[z-ab]", "b", YES},
        {__LINE__, "[z-ab-d]", "c", YES},
        {__LINE__, "[z-a!b]", "b", NO},
        {__LINE__, "[z-a!b]", "c", YES},
        {__LINE__, "[z-a!-c]", "-", NO},
        {__LINE__, "[z-a!-c]", "c", NO},
        {__LINE__, "[z-a!-c]", "b", YES},
        {__LINE__, "[z-a!-c-e]", "d", YES},

        {__LINE__, "?", "é", YES},
        {__LINE__, "??", "é", NO},
        {__LINE__, "?", "€", YES},
        {__LINE__, "?", "😀", YES},
        {__LINE__, "[é]", "é", YES},
        {__LINE__, "[é]", "è", NO},
        {__LINE__, "[è-ê]", "é", YES},
        {__LINE__, "[a-é]", "z", YES},
        {__LINE__, "*[!é]", "é", NO}, /* a star never stops within a character */
        {__LINE__, "*é", "ééé", YES},
        {__LINE__, "é*", "é.f", YES},

        /* Surrogates, and what is no UTF-8: a stray continuation, a cut-off, an overlong '/', beyond U+10FFFF. */
        {__LINE__, "?", "\xed\xb2\x80", YES},
        {__LINE__, "[\xed\xb2\x80]", "\xed\xb2\x80", YES},
        {__LINE__, "[\xed\xb2\x80]", "\x80", YES},
        {__LINE__, "?", "\x80", YES},
        {__LINE__, "?", "\xc3", YES},
        {__LINE__, "??", "\xe2\x82", YES},
        {__LINE__, "??", "\xc3(", YES},
        {__LINE__, "??", "\xc0\xaf", YES},
        {__LINE__, "????", "\xf4\x90\x80\x80", YES},
        {__LINE__, "????", "\xf9\x80\x80\x80", YES},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const int got = match_one(rows[i].glob, "", rows[i].text, NULL);
        CHECK_ROW(rows[i].line, got == rows[i].expected, "%s on %s: %d", rows[i].glob, rows[i].text, got);
    }
}

static void test_forms(void)
{
    static const struct {
        int line;
        const char *pattern;
        const char *module;
        const char *qualname;
        const char *file;
        int expected;
    } rows[] = {
        {__LINE__, "pkg.parse*", "pkg", "parse_line", NULL, YES},
        {__LINE__, "pkg.parse*", "pkg.parser", "f", NULL, YES},
        {__LINE__, "pkg.parse*", "mypkg", "parse", NULL, NO},
        {__LINE__, "parse", "pkg", "parse", NULL, NO},
        {__LINE__, "*.parse", "", "parse", NULL, NO},
        {__LINE__, "parse", "", "parse", NULL, YES},

        {__LINE__, "pkg.mod:Class.method", "pkg.mod", "Class.method", NULL, YES},
        {__LINE__, "pkg.mod:method", "pkg.mod", "Class.method", NULL, NO},
        {__LINE__, "pkg:mod.f", "pkg.mod", "f", NULL, NO},
        {__LINE__, "pkg*:f", "pkg.mod", "f", NULL, YES},
        {__LINE__, "*:f", "", "f", NULL, YES},
        {__LINE__, "?*:f", "", "f", NULL, NO},
        {__LINE__, "[:]*:f", ":m", "f", NULL, YES},
        {__LINE__, "m:[:]", "m", ":", NULL, YES},
        {__LINE__, "a:b:f", "a:b", "f", NULL, YES},

        {__LINE__, "pkg/mod.py:f", "m", "f", "/home/x/pkg/mod.py", YES},
        {__LINE__, "pkg/mod.py:f", "m", "f", "pkg/mod.py", YES},
        {__LINE__, "pkg/mod.py:f", "m", "f", "pkg/pkg/mod.py", YES},
        {__LINE__, "pkg/mod.py:f", "m", "f", "/home/x/mypkg/mod.py", NO},
        {__LINE__, "pkg/mod.py:f", "m", "f", "/home/x/pkg/mod.pyc", NO},
        {__LINE__, "pkg/mod.py:f", "m", "g", "/home/x/pkg/mod.py", NO},
        {__LINE__, "pkg/mod.py:f", "pkg/mod.py", "f", NULL, NO},
        {__LINE__, "pkg/mod.py:f", "", "f", "/pkg/mod.py", YES},
        {__LINE__, "mod.py:f", "m", "f", "/home/x/pkg/mod.py", YES},
        {__LINE__, "mod.py:f", "m", "f", "mod.py", YES},
        {__LINE__, "mod.py:f", "m", "f", "/xmod.py", NO},
        {__LINE__, "/mod.py:f", "m", "f", "/mod.py", YES},
        {__LINE__, "/mod.py:f", "m", "f", "/home/mod.py", NO},
        {__LINE__, "*mod.py:f", "m", "f", "/home/xmod.py", YES},
        {__LINE__, "*/mod.py:f", "m", "f", "/home/mod.py", YES},
        {__LINE__, "?[k]g/*.py:*", "m", "f", "/pkg/pkg/a/b.py", YES},
        {__LINE__, "a?/*b/c.py:f", "m", "f", "/ax/ay/b/b/c.py", YES},
        {__LINE__, "pkg/*:f", "m", "f", "/home/pkg/", YES},
        {__LINE__, "C:/x.py:f", "m", "f", "C:/x.py", YES},
        {__LINE__, "pkg[/]mod:f", "m", "f", "/pkg/mod", YES},

        {__LINE__, "!pkg.*", "pkg", "f", NULL, NO},
        {__LINE__, "pkg.mod:1*", "pkg.mod", "1st", NULL, YES},
        {__LINE__, "pkg.mod:-1", "pkg.mod", "-1", NULL, YES},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const int got = match_one(rows[i].pattern, rows[i].module, rows[i].qualname, rows[i].file);
        CHECK_ROW(rows[i].line, got == rows[i].expected, "%s on %s:%s in %s: %d", rows[i].pattern, rows[i].module,
                  rows[i].qualname, rows[i].file != NULL ? rows[i].file : "nothing", got);
    }
}

static void test_errors(void)
{
    static const struct {
        int line;
        const char *pattern;
        sb_pattern_error expected;
    } rows[] = {
        {__LINE__, "", SB_PATTERN_EMPTY},
        {__LINE__, "!", SB_PATTERN_EMPTY},
        {__LINE__, "[", SB_PATTERN_UNCLOSED},
        {__LINE__, "a[b", SB_PATTERN_UNCLOSED},
        {__LINE__, "[]", SB_PATTERN_UNCLOSED},
        {__LINE__, "[!]", SB_PATTERN_UNCLOSED},
        {__LINE__, "[a][", SB_PATTERN_UNCLOSED},
        {__LINE__, "a[:f", SB_PATTERN_UNCLOSED},
        {__LINE__, ":", SB_PATTERN_NO_MODULE},
        {__LINE__, ":f", SB_PATTERN_NO_MODULE},
        {__LINE__, "tests/test_a.py::test_b", SB_PATTERN_NO_MODULE},
        {__LINE__, "pkg.mod:", SB_PATTERN_NO_QUALNAME},
        {__LINE__, "@targets.txt", SB_PATTERN_AT_FILE},
        {__LINE__, "!@targets.txt", SB_PATTERN_AT_FILE},
        {__LINE__, "pkg/mod.py:0", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:130-120", SB_PATTERN_LINES},
        {__LINE__, "!pkg.mod:0-1", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:65536", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:1-65536", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:1-2-3", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:1-", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:1-99999999999999999999", SB_PATTERN_LINES},
        {__LINE__, ":120", SB_PATTERN_NO_MODULE},
        {__LINE__, "resume:", SB_PATTERN_EMPTY},
        {__LINE__, "!resume:", SB_PATTERN_EMPTY},
        {__LINE__, "resume:@targets.txt", SB_PATTERN_AT_FILE},
        {__LINE__, "resume::f", SB_PATTERN_NO_MODULE},
        {__LINE__, "resume:pkg.mod:", SB_PATTERN_NO_QUALNAME},
        {__LINE__, "resume:pkg.mod:120", SB_PATTERN_NO_RESUMES},
        {__LINE__, "resume:mod.py:1-2", SB_PATTERN_NO_RESUMES},
        {__LINE__, "c:", SB_PATTERN_EMPTY},
        {__LINE__, "c:zlib:", SB_PATTERN_NO_QUALNAME},
        {__LINE__, "native:", SB_PATTERN_EMPTY},
        {__LINE__, "native:crc32", SB_PATTERN_NO_LIBRARY},
        {__LINE__, "!native:*", SB_PATTERN_NO_LIBRARY},
        {__LINE__, "native::crc32", SB_PATTERN_NO_LIBRARY},
        {__LINE__, "native:libz.so*:", SB_PATTERN_NO_QUALNAME},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const char *const texts[] = {"fine", rows[i].pattern, "["};
        sb_patterns *set;
        size_t bad;
        const sb_pattern_error got = compile(&set, texts, LENGTH(texts), &bad);
        CHECK_ROW(rows[i].line, got == rows[i].expected, "%s: %d", rows[i].pattern, (int)got);
        CHECK_ROW(rows[i].line, set == NULL && bad == 1, "%s: index %zu", rows[i].pattern, bad);
    }

    sb_patterns *set;
    size_t bad;
    const char *const with_nul[] = {"a\0b"};
    CHECK(sb_patterns_compile(&set, with_nul, (const size_t[]){3}, NULL, 1, &bad) == SB_PATTERN_NUL);
    CHECK(set == NULL && bad == 0);

    const char *const twice[] = {"a", "b"};
    CHECK(sb_patterns_compile(&set, twice, (const size_t[]){1, SIZE_MAX}, NULL, 2, &bad) == SB_PATTERN_NO_MEMORY);
    CHECK(set == NULL && bad == 2);

    for (int error = SB_PATTERN_NO_RESUMES; error <= SB_PATTERN_OK; error++) {
        CHECK(strlen(sb_pattern_strerror((sb_pattern_error)error)) > 0);
    }
    sb_patterns_free(NULL);
}

static void test_last_match_wins(void)
{
    const char *const texts[] = {"pkg.*", "!pkg.debug*", "pkg.debug_fast", "pkg.parse"};
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, texts, LENGTH(texts), &bad) == SB_PATTERN_OK);
    CHECK(match(set, "pkg", "load", NULL) == 0);
    CHECK(match(set, "pkg", "debug", NULL) == SB_MATCH_NONE);
    CHECK(match(set, "pkg", "debug_fast", NULL) == 2);
    CHECK(match(set, "pkg", "parse", NULL) == 3);
    CHECK(match(set, "other", "parse", NULL) == SB_MATCH_NONE);
    CHECK(!sb_patterns_need_file(set));
    sb_patterns_free(set);
}

/* A pattern of one kind neither chooses nor excludes what is of another. */
static void test_kinds(void)
{
    const char *const texts[] = {"pkg.*", "resume:pkg.*", "!resume:pkg.f", "c:pkg.*", "native:pkg:*", "mod.py:2-3"};
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, texts, LENGTH(texts), &bad) == SB_PATTERN_OK);
    static const int winners[SB_N_KINDS] = {
        [SB_START] = 0, [SB_LINE] = 5, [SB_RESUME] = SB_MATCH_NONE, [SB_C] = 3, [SB_NATIVE] = 4};
    for (int kind = 0; kind < SB_N_KINDS; kind++) {
        const int got = match_of(set, (sb_kind)kind, 3, "pkg", "f", "/x/mod.py");
        CHECK_ROW(__LINE__, got == winners[kind], "kind %d: %d", kind, got);
        CHECK_ROW(__LINE__, sb_patterns_have(set, (sb_kind)kind), "kind %d", kind);
    }
    CHECK(match_of(set, SB_RESUME, 0, "pkg", "g", NULL) == 1);
    CHECK(match_of(set, SB_LINE, 3, "pkg", "g", NULL) == SB_MATCH_NONE);
    sb_patterns_free(set);

    const char *const excludes[] = {"!resume:*"};
    CHECK(compile(&set, excludes, 1, &bad) == SB_PATTERN_OK);
    CHECK(!sb_patterns_have(set, SB_RESUME));
    sb_patterns_free(set);
}

static bool may_match_lines(const sb_patterns *set, const char *module, const char *file, int first, int last)
{
    const sb_named named = {
        .kind = SB_LINE,
        .module = module,
        .module_length = strlen(module),
        .qualname = "",
        .file = file,
        .file_length = file != NULL ? strlen(file) : 0,
    };
    return sb_patterns_may_match_lines(set, &named, first, last);
}

static void test_lines(void)
{
    const char *const texts[] = {"pkg.mod:10-20", "!pkg.mod:15", "pkg/mod.py:30", "*:65535", "!x.py:1-65535"};
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, texts, LENGTH(texts), &bad) == SB_PATTERN_OK);
    static const struct {
        int row;
        int line;
        const char *file;
        int expected;
    } rows[] = {
        {__LINE__, 9, NULL, SB_MATCH_NONE},       {__LINE__, 10, NULL, 0},
        {__LINE__, 15, NULL, SB_MATCH_NONE},      {__LINE__, 20, NULL, 0},
        {__LINE__, 21, NULL, SB_MATCH_NONE},      {__LINE__, 30, NULL, SB_MATCH_NONE},
        {__LINE__, 30, "/home/pkg/mod.py", 2},    {__LINE__, 65535, "mod.py", 3},
        {__LINE__, 65535, "x.py", SB_MATCH_NONE},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const int got = match_of(set, SB_LINE, rows[i].line, "pkg.mod", "", rows[i].file);
        CHECK_ROW(rows[i].row, got == rows[i].expected, "line %d: %d", rows[i].line, got);
    }
    CHECK(match_of(set, SB_START, 0, "pkg.mod", "10-20", NULL) == SB_MATCH_NONE);

    CHECK(!may_match_lines(set, "pkg.mod", NULL, 1, 9));
    CHECK(may_match_lines(set, "pkg.mod", NULL, 1, 10));
    CHECK(may_match_lines(set, "pkg.mod", NULL, 20, 25));
    CHECK(may_match_lines(set, "pkg.mod", NULL, 12, 13));
    CHECK(!may_match_lines(set, "pkg.mod", NULL, 21, 29));
    CHECK(!may_match_lines(set, "pkg", NULL, 10, 20));
    CHECK(may_match_lines(set, "m", "pkg/mod.py", 1, 50));
    sb_patterns_free(set);
}

static void test_need_file(void)
{
    const char *const texts[] = {"pkg.*", "!mod.py:f", "*"};
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, texts, LENGTH(texts), &bad) == SB_PATTERN_OK);
    CHECK(sb_patterns_need_file(set));
    sb_patterns_free(set);
}

static void test_empty_set(void)
{
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, NULL, 0, &bad) == SB_PATTERN_OK);
    CHECK(match(set, "m", "f", "f.py") == SB_MATCH_NONE);
    CHECK(!sb_patterns_need_file(set));
    sb_patterns_free(set);
}

/* The dotted name is built on the stack up to 512 bytes, beyond in the heap. */
static void test_long_names(void)
{
    static char module[2000];
    memset(module, 'm', sizeof module);
    const char *const texts[] = {"m*m.f"};
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, texts, 1, &bad) == SB_PATTERN_OK);
    for (size_t length = 500; length < sizeof module; length += length < 520 ? 1 : 100) {
        sb_named named = {.module = module, .module_length = length, .qualname = "f", .qualname_length = 1};
        CHECK(sb_patterns_match(set, &named, NULL) == 0);
        named.qualname = "g";
        CHECK(sb_patterns_match(set, &named, NULL) == SB_MATCH_NONE);
    }
    sb_patterns_free(set);
}

/* Exponential, or even cubic, and this would not end. */
static void test_worst_case(void)
{
    static char text[4000];
    memset(text, 'a', sizeof text);
    const char *const texts[] = {"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa[b]"};
    sb_patterns *set;
    size_t bad;
    CHECK(compile(&set, texts, 1, &bad) == SB_PATTERN_OK);
    const sb_named named = {.module = "a", .module_length = 1, .qualname = text, .qualname_length = sizeof text};
    CHECK(sb_patterns_match(set, &named, NULL) == SB_MATCH_NONE);
    sb_patterns_free(set);
}

int main(void)
{
    test_globs();
    test_forms();
    test_errors();
    test_last_match_wins();
    test_kinds();
    test_lines();
    test_need_file();
    test_empty_set();
    test_long_names();
    test_worst_case();
    return check_status();
}
