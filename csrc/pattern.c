/* Globs are interpreted from their text: checked when compiled, so that a '[' always finds its ']', and matched without
 * recursion. A Bloom filter in front makes thousands of patterns cheap: a text can only match a glob if it holds every
 * pair of adjacent bytes of the glob's literal runs. */
#include "pattern.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned char byte;

/* Borrowed, and not NUL-terminated. */
typedef struct {
    const byte *at;
    const byte *end;
} span;

static span span_of(const void *text, size_t length)
{
    const byte *at = text;
    return (span){at, at + length};
}

static size_t span_length(span s)
{
    return (size_t)(s.end - s.at);
}

static const byte *span_find(span s, byte wanted)
{
    return memchr(s.at, wanted, span_length(s));
}

static bool span_starts(span s, const char *prefix)
{
    size_t length = strlen(prefix);
    return span_length(s) >= length && memcmp(s.at, prefix, length) == 0;
}

static bool span_ends(span s, const char *suffix)
{
    size_t length = strlen(suffix);
    return span_length(s) >= length && memcmp(s.end - length, suffix, length) == 0;
}

/* Takes one code point off the front of a span that is not empty. */
static uint32_t span_next(span *s)
{
    static const uint32_t shortest[] = {0, 0x80, 0x800, 0x10000}; /* by the number of continuation bytes */
    const uint32_t lead = *s->at++;
    if (lead < 0x80) {
        return lead;
    }
    const uint32_t invalid = 0xDC00 + lead;
    const int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF8 ? 3 : 0;
    if (more == 0 || s->end - s->at < more) {
        return invalid;
    }
    uint32_t code = lead & (0x3Fu >> more);
    for (int i = 0; i < more; i++) {
        if ((s->at[i] & 0xC0) != 0x80) {
            return invalid;
        }
        code = code << 6 | (s->at[i] & 0x3F);
    }
    if (code < shortest[more] || code > 0x10FFFF) {
        return invalid;
    }
    s->at += more;
    return code;
}

/* --- Globs --- */

/* Where the class that opens just before the glob's front closes, or NULL: a ']' that comes first is a member. */
static const byte *class_close(span glob)
{
    if (glob.at < glob.end && *glob.at == '!') {
        glob.at++;
    }
    if (glob.at < glob.end && *glob.at == ']') {
        glob.at++;
    }
    return span_find(glob, ']');
}

/* Two oddities are fnmatch's own. Empty ranges are dropped before the class is read, so that a '!' which thereby comes
 * to stand first negates: "[z-a!b]" is "[!b]". Where that '!' began a range, its '-' and end become plain members. */
static bool class_match(span members, uint32_t c)
{
    const byte *const front = members.at;
    bool first = true;
    bool negated = false;
    bool found = false;
    while (members.at < members.end) {
        const bool mark = members.at == front && *members.at == '!';
        const uint32_t low = span_next(&members);
        const bool range = !mark && span_length(members) >= 2 && *members.at == '-';
        uint32_t high = low;
        if (range) {
            members.at++;
            high = span_next(&members);
            if (low > high) {
                continue;
            }
        }
        if (first && low == '!') {
            negated = true;
            found = range && (c == '-' || c == high);
        }
        else if (low <= c && c <= high) {
            found = true;
        }
        first = false;
    }
    return found != negated;
}

/* Matches one item of a glob, not a star, at the front of the text; takes both off. Neither span may be empty. */
static bool item_match(span *glob, span *text)
{
    const byte item = *glob->at++;
    if (item == '?') {
        (void)span_next(text);
        return true;
    }
    if (item == '[') {
        const span members = {glob->at, class_close(*glob)};
        glob->at = members.end + 1;
        return class_match(members, span_next(text));
    }
    return *text->at++ == item;
}

/* Where a match that failed may begin anew. */
typedef enum { NOWHERE, AFTER_A_SLASH, ANYWHERE } retry;

/* Moves the text on to the next place where the glob might match. If there is none, returns false, the text spoilt. */
static bool retry_advance(span *text, span glob, retry where)
{
    if (where == NOWHERE) {
        return false;
    }
    if (where == AFTER_A_SLASH) {
        const byte *slash = span_find(*text, '/');
        text->at = slash != NULL ? slash + 1 : NULL;
    }
    else {
        (void)span_next(text);
        if (*glob.at != '?' && *glob.at != '[') {
            text->at = span_find(*text, *glob.at);
        }
    }
    return text->at != NULL;
}

/* Only the latest star is ever retried: what an earlier one could reach by moving on, the latest reaches by itself. A
 * glob that may begin after any slash has, in effect, a star in front that goes from slash to slash: the same holds. */
static bool glob_match(span glob, span text, retry where)
{
    span retry_glob = glob;
    span retry_text = text;
    for (;;) {
        if (glob.at == glob.end) {
            if (text.at == text.end) {
                return true;
            }
        }
        else if (*glob.at == '*') {
            glob.at++;
            if (glob.at == glob.end) {
                return true;
            }
            where = ANYWHERE;
            retry_glob = glob;
            retry_text = text;
            continue;
        }
        else if (text.at == text.end) {
            return false; /* A later start would have less text still. */
        }
        else if (item_match(&glob, &text)) {
            continue;
        }
        /* The attempt left text over or failed on some, so there is text to advance over. */
        if (!retry_advance(&retry_text, retry_glob, where)) {
            return false;
        }
        glob = retry_glob;
        text = retry_text;
    }
}

/* --- The filter ---
 *
 * Pairs include the text's edges, so that "parse" and "parser" differ. "m:q" demands what "m.q" would. A path is read
 * as if a '/' stood before it, and hashed apart from names. */

#define FILTER_WORDS 4 /* 256 bits: a name sets some fifty */

typedef struct {
    uint64_t words[FILTER_WORDS];
} filter;

typedef enum { NAME, PATH } space;

#define EDGE 0 /* no pattern holds a NUL */

static void filter_add(filter *f, space in, byte left, byte right)
{
    const uint32_t pair = (uint32_t)in << 16 | (uint32_t)left << 8 | right;
    const uint32_t bit = pair * UINT32_C(0x9E3779B1) >> 24; /* Fibonacci hashing to 0..255 */
    f->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void filter_add_text(filter *f, space in, byte left, span text)
{
    for (; text.at < text.end; text.at++) {
        filter_add(f, in, left, *text.at);
        left = *text.at;
    }
    filter_add(f, in, left, EDGE);
}

/* `left` and `right` are the bytes that stand beside what the glob matches. */
static void filter_add_glob(filter *f, space in, byte left, span glob, byte right)
{
    bool certain = true; /* that `left` stands before the next item */
    while (glob.at < glob.end) {
        const byte item = *glob.at++;
        if (item == '*' || item == '?' || item == '[') {
            if (item == '[') {
                glob.at = class_close(glob) + 1;
            }
            certain = false;
            continue;
        }
        if (certain) {
            filter_add(f, in, left, item);
        }
        left = item;
        certain = true;
    }
    if (certain) {
        filter_add(f, in, left, right);
    }
}

/* Whether all that is demanded is there, given the complement of what is there. */
static bool filter_passes(const filter *demanded, const filter *absent)
{
    uint64_t missing = 0;
    for (int i = 0; i < FILTER_WORDS; i++) {
        missing |= demanded->words[i] & absent->words[i];
    }
    return missing == 0;
}

/* --- Rules --- */

typedef enum { IN_ANY, IN_MODULE, IN_FILE } scope;

/* One compiled pattern. The globs lie in the set's text. */
typedef struct {
    sb_kind kind;
    scope scope;
    bool exclude;
    unsigned char list;
    span place;      /* module or file glob; unused under IN_ANY */
    span name;       /* qualname glob; under IN_ANY the glob of the dotted name; unused by SB_LINE */
    int first, last; /* of SB_LINE */
} rule;

/* Takes a number off the front; what is too big for a line becomes SB_LAST_LINE + 1. Returns -1 where there is none. */
static int take_number(span *s)
{
    const byte *const front = s->at;
    int number = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        number = number * 10 + (*s->at++ - '0');
        number = number > SB_LAST_LINE ? SB_LAST_LINE + 1 : number;
    }
    return s->at > front ? number : -1;
}

/* "120" or "120-130"; false where it is neither. */
static bool take_lines(rule *r, span s)
{
    r->first = r->last = take_number(&s);
    if (r->first >= 0 && s.at < s.end && *s.at == '-') {
        s.at++;
        r->last = take_number(&s);
    }
    return r->first >= 0 && r->last >= 0 && s.at == s.end;
}

/* Whether it begins as lines do, and holds nothing that a name could: "120-", "120,130". */
static bool is_misspelt_lines(span s)
{
    if (s.at == s.end || *s.at < '0' || *s.at > '9') {
        return false;
    }
    while (s.at < s.end && *s.at != '\0' && strchr("0123456789-,. ", *s.at) != NULL) {
        s.at++;
    }
    return s.at == s.end;
}

static const struct {
    const char *prefix;
    sb_kind kind;
} PREFIXES[] = {{"resume:", SB_RESUME}, {"c:", SB_C}, {"native:", SB_NATIVE}};

static sb_kind take_kind(span *text)
{
    for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++) {
        if (span_starts(*text, PREFIXES[i].prefix)) {
            text->at += strlen(PREFIXES[i].prefix);
            return PREFIXES[i].kind;
        }
    }
    return SB_START;
}

static sb_pattern_error rule_parse(rule *r, span text)
{
    *r = (rule){.exclude = span_starts(text, "!")};
    if (r->exclude) {
        text.at++;
    }
    r->kind = take_kind(&text);
    if (text.at == text.end) {
        return SB_PATTERN_EMPTY;
    }
    if (span_find(text, '\0') != NULL) {
        return SB_PATTERN_NUL;
    }
    if (span_starts(text, "@")) {
        return SB_PATTERN_AT_FILE;
    }

    const byte *colon = NULL;
    for (span rest = text; rest.at < rest.end;) {
        const byte *at = rest.at++;
        if (*at == ':') {
            colon = at;
        }
        else if (*at == '[') {
            const byte *close = class_close(rest);
            if (close == NULL) {
                return SB_PATTERN_UNCLOSED;
            }
            rest.at = close + 1;
        }
    }
    if (colon == NULL) {
        r->scope = IN_ANY;
        r->name = text;
        return r->kind == SB_NATIVE ? SB_PATTERN_NO_LIBRARY : SB_PATTERN_OK;
    }

    r->place = (span){text.at, colon};
    r->name = (span){colon + 1, text.end};
    if (r->place.at == r->place.end || span_ends(r->place, ":")) {
        return r->kind == SB_NATIVE ? SB_PATTERN_NO_LIBRARY : SB_PATTERN_NO_MODULE;
    }
    if (r->name.at == r->name.end) {
        return SB_PATTERN_NO_QUALNAME;
    }
    r->scope = span_find(r->place, '/') != NULL || span_ends(r->place, ".py") ? IN_FILE : IN_MODULE;
    if ((r->kind == SB_START || r->kind == SB_RESUME) && take_lines(r, r->name)) {
        if (r->kind == SB_RESUME) {
            return SB_PATTERN_NO_RESUMES;
        }
        r->kind = SB_LINE;
        return r->first >= 1 && r->first <= r->last && r->last <= SB_LAST_LINE ? SB_PATTERN_OK : SB_PATTERN_LINES;
    }
    if (r->kind == SB_START && is_misspelt_lines(r->name)) {
        return SB_PATTERN_LINES;
    }
    return SB_PATTERN_OK;
}

static filter rule_demands(const rule *r)
{
    filter f = {{0}};
    switch (r->scope) {
    case IN_ANY:
        filter_add_glob(&f, NAME, EDGE, r->name, EDGE);
        break;
    case IN_MODULE:
        filter_add_glob(&f, NAME, EDGE, r->place, '.');
        break;
    case IN_FILE:
        filter_add_glob(&f, PATH, '/', r->place, EDGE);
        break;
    }
    if (r->scope != IN_ANY && r->kind != SB_LINE) {
        filter_add_glob(&f, NAME, '.', r->name, EDGE);
    }
    return f;
}

/* What the patterns are matched against. */
typedef struct {
    sb_kind kind;
    int first, last; /* of SB_LINE: those of which any may match */
    span dotted;
    span module;
    span qualname;
    span file;
} subject;

static bool place_match(const rule *r, const subject *s)
{
    return r->scope == IN_MODULE ? glob_match(r->place, s->module, NOWHERE)
                                 : glob_match(r->place, s->file, AFTER_A_SLASH);
}

static bool rule_match(const rule *r, const subject *s)
{
    if (r->kind != s->kind) {
        return false;
    }
    if (r->kind == SB_LINE) {
        return r->first <= s->last && s->first <= r->last && place_match(r, s);
    }
    if (r->scope == IN_ANY) {
        return glob_match(r->name, s->dotted, NOWHERE);
    }
    return glob_match(r->name, s->qualname, NOWHERE) && place_match(r, s);
}

/* --- The set --- */

/* One block of memory: this, the filters, which a match runs through, the rules, the text. */
struct sb_patterns {
    size_t count;
    bool need_file;
    size_t begins[SB_N_LISTS]; /* of each list that has patterns, the index of the first */
    rule *rules;               /* in this block */
    filter demands[];
};

/* In bytes, or 0 if the count does not fit an int or the size a size_t. */
static size_t set_size(const size_t *lengths, size_t count)
{
    const size_t each = sizeof(filter) + sizeof(rule);
    if (count > INT_MAX || count > (SIZE_MAX - sizeof(sb_patterns)) / each) {
        return 0;
    }
    size_t size = sizeof(sb_patterns) + count * each;
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] > SIZE_MAX - size) {
            return 0;
        }
        size += lengths[i];
    }
    return size;
}

sb_pattern_error sb_patterns_compile(sb_patterns **set, const char *const *texts, const size_t *lengths,
                                     const unsigned char *lists, size_t count, size_t *bad)
{
    *set = NULL;
    *bad = count;
    const size_t size = set_size(lengths, count);
    sb_patterns *s = size > 0 ? malloc(size) : NULL;
    if (s == NULL) {
        return SB_PATTERN_NO_MEMORY;
    }
    s->count = count;
    s->need_file = false;
    s->rules = (rule *)(s->demands + count);
    byte *text = (byte *)(s->rules + count);
    for (size_t i = 0; i < count; i++) {
        memcpy(text, texts[i], lengths[i]);
        const sb_pattern_error error = rule_parse(&s->rules[i], span_of(text, lengths[i]));
        if (error != SB_PATTERN_OK) {
            *bad = i;
            sb_patterns_free(s);
            return error;
        }
        s->rules[i].list = lists != NULL ? lists[i] : 0;
        if (i == 0 || s->rules[i].list != s->rules[i - 1].list) {
            s->begins[s->rules[i].list] = i;
        }
        s->demands[i] = rule_demands(&s->rules[i]);
        s->need_file |= s->rules[i].scope == IN_FILE;
        text += lengths[i];
    }
    *set = s;
    return SB_PATTERN_OK;
}

void sb_patterns_free(sb_patterns *set)
{
    free(set);
}

bool sb_patterns_need_file(const sb_patterns *set)
{
    return set->need_file;
}

bool sb_patterns_have(const sb_patterns *set, sb_kind kind)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->rules[i].kind == kind && !set->rules[i].exclude) {
            return true;
        }
    }
    return false;
}

int sb_patterns_list(const sb_patterns *set, int index)
{
    return index >= 0 && (size_t)index < set->count ? set->rules[index].list : -1;
}

/* The complement of what the subject holds. */
static filter subject_lacks(const subject *s, bool need_file)
{
    filter f = {{0}};
    if (s->module.at == s->module.end) {
        return f; /* "m:q" may match where "m.q" does not: demand nothing. */
    }
    filter_add_text(&f, NAME, EDGE, s->dotted);
    if (need_file) {
        filter_add_text(&f, PATH, '/', s->file);
    }
    for (int i = 0; i < FILTER_WORDS; i++) {
        f.words[i] = ~f.words[i];
    }
    return f;
}

/* From the last list to the first, so that the latter has the last word. */
static int set_match(const sb_patterns *set, const subject *s, uint16_t *lists)
{
    const filter absent = subject_lacks(s, set->need_file);
    unsigned choosing = 0;
    int winner = SB_MATCH_NONE;
    for (size_t i = set->count; i-- > 0;) {
        const rule *r = &set->rules[i];
        if (filter_passes(&set->demands[i], &absent) && rule_match(r, s)) {
            if (!r->exclude) {
                choosing |= 1u << r->list;
                winner = (int)i;
            }
            i = set->begins[r->list]; /* on to the list before */
        }
    }
    if (lists != NULL) {
        *lists = (uint16_t)choosing;
    }
    return winner;
}

static subject subject_of(const sb_named *named)
{
    return (subject){
        .kind = named->kind,
        .first = named->line,
        .last = named->line,
        .module = span_of(named->module, named->module_length),
        .qualname = span_of(named->qualname, named->qualname_length),
        .file = named->file != NULL ? span_of(named->file, named->file_length) : span_of("", 0),
    };
}

int sb_patterns_match(const sb_patterns *set, const sb_named *named, uint16_t *lists)
{
    subject s = subject_of(named);
    if (named->module_length == 0) {
        s.dotted = s.qualname;
        return set_match(set, &s, lists);
    }

    char small[512];
    const size_t length = named->module_length + 1 + named->qualname_length;
    char *dotted = length <= sizeof small ? small : malloc(length);
    if (dotted == NULL) {
        return SB_MATCH_NO_MEMORY;
    }
    memcpy(dotted, named->module, named->module_length);
    dotted[named->module_length] = '.';
    memcpy(dotted + named->module_length + 1, named->qualname, named->qualname_length);
    s.dotted = span_of(dotted, length);
    const int winner = set_match(set, &s, lists);
    if (dotted != small) {
        free(dotted);
    }
    return winner;
}

bool sb_patterns_may_match_symbol(const sb_patterns *set, const char *symbol, size_t length)
{
    for (size_t i = 0; i < set->count; i++) {
        const rule *r = &set->rules[i];
        if (r->kind == SB_NATIVE && !r->exclude && glob_match(r->name, span_of(symbol, length), NOWHERE)) {
            return true;
        }
    }
    return false;
}

bool sb_patterns_may_match_lines(const sb_patterns *set, const sb_named *named, int first, int last)
{
    subject s = subject_of(named);
    s.first = first;
    s.last = last;
    for (size_t i = 0; i < set->count; i++) {
        if (!set->rules[i].exclude && rule_match(&set->rules[i], &s)) {
            return true;
        }
    }
    return false;
}

const char *sb_pattern_strerror(sb_pattern_error error)
{
    switch (error) {
    case SB_PATTERN_OK:
        return "is fine";
    case SB_PATTERN_NO_MEMORY:
        return "found no memory";
    case SB_PATTERN_EMPTY:
        return "is empty; '*' matches everything";
    case SB_PATTERN_NUL:
        return "holds a NUL, which no name can; remove it";
    case SB_PATTERN_UNCLOSED:
        return "has a '[' that is never closed; close it with ']', or write '[[]' for the character itself";
    case SB_PATTERN_NO_MODULE:
        return "has no module before its last ':'; write 'module:qualname', or '*:qualname' for any module";
    case SB_PATTERN_NO_QUALNAME:
        return "has no qualname after its last ':'; write 'module:qualname', or 'module:*' for all of the module";
    case SB_PATTERN_AT_FILE:
        return "names a file of patterns where only a pattern can stand; write the file's patterns out";
    case SB_PATTERN_LINES:
        return "has lines out of order or out of range; write the first, from 1 on, before the last, up to 65535, "
               "as in '120-130'";
    case SB_PATTERN_NO_LIBRARY:
        return "names no library; write 'native:library:symbol', as in 'native:libz.so*:crc32'";
    case SB_PATTERN_NO_RESUMES:
        return "names lines, which are not resumed by themselves; name their function, as in 'resume:module:qualname'";
    }
    return "is bad for an unknown reason";
}
