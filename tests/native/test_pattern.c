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
    return sb_patterns_compile(set, texts, lengths, count, bad);
}

static int match(const sb_patterns *set, const char *module, const char *qualname, const char *file)
{
    return sb_patterns_match(set, module, strlen(module), qualname, strlen(qualname), file,
                             file != NULL ? strlen(file) : 0);
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
        {__LINE__, "pkg.mod:1-2-3", "pkg.mod", "1-2-3", NULL, YES},
        {__LINE__, "pkg.mod:-1", "pkg.mod", "-1", NULL, YES},
        {__LINE__, "pkg.mod:1-", "pkg.mod", "1-", NULL, YES},
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
        {__LINE__, "pkg/mod.py:120", SB_PATTERN_LINES},
        {__LINE__, "pkg.mod:120-130", SB_PATTERN_LINES},
        {__LINE__, "!pkg.mod:1", SB_PATTERN_LINES},
        {__LINE__, "c:zlib.crc32", SB_PATTERN_C},
        {__LINE__, "!c:*", SB_PATTERN_C},
        {__LINE__, "native:libz.so*:crc32", SB_PATTERN_NATIVE},
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
    CHECK(sb_patterns_compile(&set, with_nul, (const size_t[]){3}, 1, &bad) == SB_PATTERN_NUL);
    CHECK(set == NULL && bad == 0);

    const char *const twice[] = {"a", "b"};
    CHECK(sb_patterns_compile(&set, twice, (const size_t[]){1, SIZE_MAX}, 2, &bad) == SB_PATTERN_NO_MEMORY);
    CHECK(set == NULL && bad == 2);

    for (int error = SB_PATTERN_NATIVE; error <= SB_PATTERN_OK; error++) {
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
        CHECK(sb_patterns_match(set, module, length, "f", 1, NULL, 0) == 0);
        CHECK(sb_patterns_match(set, module, length, "g", 1, NULL, 0) == SB_MATCH_NONE);
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
    CHECK(sb_patterns_match(set, "a", 1, text, sizeof text, NULL, 0) == SB_MATCH_NONE);
    sb_patterns_free(set);
}

int main(void)
{
    test_globs();
    test_forms();
    test_errors();
    test_last_match_wins();
    test_need_file();
    test_empty_set();
    test_long_names();
    test_worst_case();
    return check_status();
}
