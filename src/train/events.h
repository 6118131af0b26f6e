/* events.jsonl: one JSON object a line, only ever appended to (docs/run-directory.md). */
#ifndef HEM_TRAIN_EVENTS_H
#define HEM_TRAIN_EVENTS_H

#include <jansson.h>

#include "train/json.h"

/* Begins an event's object with its name, the step that it stands at, and the time. */
void hem__event_open(hem__json *json, const char *event, uint64_t step);
/* Closes and appends it, on a line of its own also where the last line is torn; releases json. */
hem_status hem__event_append(hem__json *json, const char *path, hem_error *err);

/* What is left of a run's events: lines that are no JSON object are dropped, and with every
 * "resumed" event those before it at or past its "from_step". *out is an array, json_decref() it.
 * *resumed (may be NULL) counts the resumed events. A missing file has no events. */
hem_status hem__events_read(const char *path, json_t **out, size_t *resumed, hem_error *err);

#endif
