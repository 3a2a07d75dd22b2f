/* Classification of code objects; see targets.h. */
#include "targets.h"

void sb_targets_init(sb_targets *targets, const sb_patterns *patterns)
{
    *targets = (sb_targets){.patterns = patterns};
}

int sb_targets_traverse(const sb_targets *targets, visitproc visit, void *arg)
{
    for (size_t i = 0; i < targets->n; i++) {
        Py_VISIT(targets->items[i].code);
        Py_VISIT(targets->items[i].module);
    }
    return 0;
}

void sb_targets_fini(sb_targets *targets)
{
    sb_target *items = targets->items;
    size_t n = targets->n;
    targets->items = NULL;
    targets->n = targets->capacity = 0;
    for (size_t i = 0; i < n; i++) {
        Py_DECREF(items[i].code);
        Py_DECREF(items[i].module);
    }
    PyMem_Free(items);
}

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

/* Index of the pattern that chooses the code; SB_UNMATCHED; SB_TARGET_ERROR. */
static int match(const sb_patterns *patterns, PyCodeObject *code, PyObject *module)
{
    int chosen = SB_TARGET_ERROR;
    sb_text texts[3] = {{0}};

    if (sb_text_get(module, &texts[0]) < 0 || sb_text_get(code->co_qualname, &texts[1]) < 0) {
        goto done;
    }
    if (sb_patterns_need_file(patterns) && sb_text_get(code->co_filename, &texts[2]) < 0) {
        goto done;
    }
    chosen = sb_patterns_match(patterns, texts[0].data, texts[0].length, texts[1].data, texts[1].length, texts[2].data,
                               texts[2].length);
done:
    for (int i = 0; i < 3; i++) {
        sb_text_release(&texts[i]);
    }
    return chosen;
}

sb_choice sb_targets_choose(const sb_targets *targets, PyCodeObject *code, PyObject *globals)
{
    sb_choice choice = {.pattern = SB_TARGET_ERROR, .module = NULL};
    PyObject *module = globals != NULL && PyDict_Check(globals) ? sb_dict_get(globals, "__name__") : NULL;
    if (module == NULL || !PyUnicode_Check(module)) {
        Py_XSETREF(module, PyUnicode_FromStringAndSize(NULL, 0));
    }
    if (module != NULL) {
        choice.pattern = match(targets->patterns, code, module);
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

Py_ssize_t sb_targets_add(sb_targets *targets, PyCodeObject *code, const sb_choice *choice)
{
    if (choice->pattern < 0) {
        return SB_TARGET_ERROR;
    }
    if (targets->n == targets->capacity) {
        size_t capacity = targets->capacity ? targets->capacity * 2 : 16;
        sb_target *items = PyMem_Realloc(targets->items, capacity * sizeof *items);
        if (items == NULL) {
            return SB_TARGET_ERROR;
        }
        targets->items = items;
        targets->capacity = capacity;
    }
    targets->items[targets->n] = (sb_target){
        .code = Py_NewRef(code),
        .module = Py_NewRef(choice->module),
        .pattern = choice->pattern,
    };
    return (Py_ssize_t)targets->n++;
}
