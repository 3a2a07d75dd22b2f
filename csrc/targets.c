/* Matching what code shows of itself, and remembering it; see targets.h. */
#include "targets.h"

#include "patterns.h"

#include <assert.h>
#include <string.h>

/* ---- text ---- */

int sb_text_get(PyObject *str, sb_text *text)
{
    Py_ssize_t length;
    text->owner = NULL;
    text->data = PyUnicode_AsUTF8AndSize(str, &length);
    if (text->data == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            return -1;
        }
        PyErr_Clear();
        text->owner = PyUnicode_AsEncodedString(str, "utf-8", "surrogatepass");
        if (text->owner == NULL) {
            return -1;
        }
        text->data = PyBytes_AS_STRING(text->owner);
        length = PyBytes_GET_SIZE(text->owner);
    }
    text->length = (size_t)length;
    return 0;
}

void sb_text_release(sb_text *text)
{
    Py_CLEAR(text->owner);
}

void sb_text_name(sb_named *named, const sb_text texts[3])
{
    named->module = texts[0].data;
    named->module_length = texts[0].length;
    named->qualname = texts[1].data;
    named->qualname_length = texts[1].length;
    named->file = texts[2].data;
    named->file_length = texts[2].length;
}

/* ---- choosing ---- */

/* Fills in what names the code. Returns 0, or -1 with an exception set; the texts are to be released in either case. */
static int name_code(sb_named *named, sb_text texts[3], const sb_patterns *patterns, PyCodeObject *code,
                     PyObject *module)
{
    memset(texts, 0, 3 * sizeof *texts);
    if (sb_text_get(module, &texts[0]) < 0 || sb_text_get(code->co_qualname, &texts[1]) < 0) {
        return -1;
    }
    if (sb_patterns_need_file(patterns) && sb_text_get(code->co_filename, &texts[2]) < 0) {
        return -1;
    }
    sb_text_name(named, texts);
    return 0;
}

static void release_texts(sb_text texts[3])
{
    for (int i = 0; i < 3; i++) {
        sb_text_release(&texts[i]);
    }
}

/* Index of the pattern that chooses the code; SB_UNMATCHED; SB_TARGET_ERROR. */
static int match(const sb_patterns *patterns, sb_kind kind, PyCodeObject *code, int line, PyObject *module,
                 uint16_t *lists)
{
    sb_named named = {.kind = kind, .line = line};
    sb_text texts[3];
    const bool is_named = name_code(&named, texts, patterns, code, module) == 0;
    const int chosen = is_named ? sb_patterns_match(patterns, &named, lists) : SB_TARGET_ERROR;
    release_texts(texts);
    return chosen;
}

int sb_target_put_lists(sb_target *target, const sb_patterns *patterns)
{
    assert(target->kind == SB_C);
    sb_named named = {.kind = target->kind};
    sb_text texts[3] = {{.data = NULL}, {.data = NULL}, {.data = ""}};
    if (sb_text_get(target->module, &texts[0]) == 0 && sb_text_get(target->what, &texts[1]) == 0) {
        sb_text_name(&named, texts);
        if (sb_patterns_match(patterns, &named, &target->lists) == SB_MATCH_NO_MEMORY) {
            PyErr_NoMemory();
        }
    }
    release_texts(texts);
    const int list = sb_patterns_list(patterns, target->pattern);
    if (list >= 0) {
        target->lists |= (uint16_t)(1u << list);
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* New reference: the __name__ of globals, "" where there is none. NULL with an exception set. */
static PyObject *module_of(PyObject *globals)
{
    PyObject *module = globals != NULL && PyDict_Check(globals) ? sb_dict_get(globals, "__name__") : NULL;
    if (module == NULL || !PyUnicode_Check(module)) {
        Py_XSETREF(module, PyUnicode_FromStringAndSize(NULL, 0));
    }
    return module;
}

sb_choice sb_choose(const sb_patterns *patterns, sb_kind kind, PyCodeObject *code, int line, PyObject *globals)
{
    sb_choice choice = {.pattern = SB_TARGET_ERROR, .module = NULL};
    PyObject *module = module_of(globals);
    if (module != NULL) {
        choice.pattern = match(patterns, kind, code, line, module, &choice.lists);
    }
    if (choice.pattern >= 0) {
        choice.module = module;
    }
    else {
        Py_XDECREF(module);
    }
    PyErr_Clear();
    return choice;
}

/* Whether a pattern may choose a line of the code, as its co_lines() tells them. True on an error, which is
 * left set. */
static bool has_lines(const sb_patterns *patterns, const sb_named *named, PyCodeObject *code)
{
    PyObject *ranges = PyObject_CallMethod((PyObject *)code, "co_lines", NULL);
    if (ranges == NULL) {
        return true;
    }
    bool found = false;
    PyObject *range;
    while (!found && (range = PyIter_Next(ranges)) != NULL) {
        PyObject *line = PyTuple_Check(range) && PyTuple_GET_SIZE(range) == 3 ? PyTuple_GET_ITEM(range, 2) : Py_None;
        if (PyLong_Check(line)) {
            const long number = PyLong_AsLong(line);
            found = number > 0 && number <= SB_LAST_LINE &&
                    sb_patterns_may_match_lines(patterns, named, (int)number, (int)number);
        }
        Py_DECREF(range);
    }
    Py_DECREF(ranges);
    return found || PyErr_Occurred();
}

bool sb_may_choose_lines(const sb_patterns *patterns, PyCodeObject *code, PyObject *globals)
{
    sb_named named = {.kind = SB_LINE};
    sb_text texts[3] = {{0}};
    PyObject *module = module_of(globals);
    bool may = module == NULL || name_code(&named, texts, patterns, code, module) < 0;
    if (!may) {
        may = sb_patterns_may_match_lines(patterns, &named, 1, SB_LAST_LINE) && has_lines(patterns, &named, code);
    }
    release_texts(texts);
    Py_XDECREF(module);
    PyErr_Clear();
    return may;
}

/* ---- remembering ---- */

void sb_targets_fini(sb_targets *targets)
{
    sb_target *items = targets->items;
    size_t n = targets->n;
    *targets = (sb_targets){0};
    for (size_t i = 0; i < n; i++) {
        Py_DECREF(items[i].what);
        Py_DECREF(items[i].module);
    }
    PyMem_RawFree(items);
}

/* Appends its entry and gives it its point. Returns 0, or -1 where memory ran out; never raises. */
static int enter_in_ledger(sb_ledger *ledger, sb_target *target)
{
    PyCodeObject *code = PyCode_Check(target->what) ? (PyCodeObject *)target->what : NULL;
    PyObject *strs[3] = {target->module, code != NULL ? code->co_qualname : target->what,
                         code != NULL ? code->co_filename : NULL};
    sb_naming naming = {.kind = (int)target->kind, .line = target->line, .lists = target->lists};
    sb_text texts[3] = {{0}};
    int result = 0;
    const sb_entry *entry = NULL;
    if (code != NULL && target->kind != SB_LINE) {
        naming.line = code->co_firstlineno;
    }
    for (int i = 0; i < 3 && result == 0; i++) {
        if (strs[i] != NULL) {
            result = sb_text_get(strs[i], &texts[i]);
        }
        naming.texts[i] = texts[i].length > 0 ? texts[i].data : "";
        naming.lengths[i] = texts[i].length;
    }
    if (result == 0) {
        entry = sb_ledger_append(ledger, &naming);
    }
    release_texts(texts);
    if (result < 0) {
        PyErr_Clear();
    }
    if (entry == NULL) {
        return -1;
    }
    target->point = entry->point;
    return 0;
}

Py_ssize_t sb_targets_add(sb_targets *targets, const sb_target *target)
{
    if (targets->n == targets->capacity) {
        size_t capacity = targets->capacity ? targets->capacity * 2 : 16;
        sb_target *items = PyMem_RawRealloc(targets->items, capacity * sizeof *items);
        if (items == NULL) {
            return SB_TARGET_ERROR;
        }
        targets->items = items;
        targets->capacity = capacity;
    }
    sb_target *added = &targets->items[targets->n];
    *added = *target;
    if (targets->ledger != NULL && enter_in_ledger(targets->ledger, added) < 0) {
        return SB_TARGET_ERROR;
    }
    Py_INCREF(added->what);
    Py_INCREF(added->module);
    return (Py_ssize_t)targets->n++;
}

/* ---- telling ---- */

static PyStructSequence_Field SITE_FIELDS[] = {
    {"kind", "'line', 'resume', 'c' or 'native'"},
    {"name", "the qualname, or the symbol"},
    {"code", "the code object; None where there is none"},
    {"line", "of a line; else 0"},
    {NULL, NULL},
};

PyStructSequence_Desc sb_site_desc = {
    .name = "pytest_speedbump._core.Site",
    .doc = "What is slowed where it is no start of a Python function.",
    .fields = SITE_FIELDS,
    .n_in_sequence = 4,
};

static PyObject *site_new(const sb_target *target, PyTypeObject *site_type)
{
    PyObject *site = PyStructSequence_New(site_type);
    if (site == NULL) {
        return NULL;
    }
    const bool is_code = PyCode_Check(target->what);
    PyStructSequence_SetItem(site, 0, PyUnicode_FromString(sb_kind_name(target->kind)));
    PyStructSequence_SetItem(site, 1, Py_NewRef(is_code ? ((PyCodeObject *)target->what)->co_qualname : target->what));
    PyStructSequence_SetItem(site, 2, Py_NewRef(is_code ? target->what : Py_None));
    PyStructSequence_SetItem(site, 3, PyLong_FromLong(target->line));
    if (PyErr_Occurred()) {
        Py_CLEAR(site);
    }
    return site;
}

PyObject *sb_target_tuple(const sb_target *target, PyTypeObject *site_type)
{
    PyObject *what = target->kind == SB_START ? Py_NewRef(target->what) : site_new(target, site_type);
    return what != NULL ? Py_BuildValue("(NOi)", what, target->module, target->pattern) : NULL;
}
