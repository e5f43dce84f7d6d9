/* The head of a browser's request: whatever comes, strings stay within their arrays. */
#include "scoreboard/board/http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HttpRequest request;
    int status = http_parse((const char *)data, size, &request);

    if (strnlen(request.hr_path, HTTP_PATH_MAX) == HTTP_PATH_MAX ||
        strnlen(request.hr_query, HTTP_PATH_MAX) == HTTP_PATH_MAX ||
        request.hr_last_id < -1)
        abort();
    if (!status && *request.hr_path != '/')
        abort();
    g_free(http_query(&request, "lang"));
    return 0;
}
