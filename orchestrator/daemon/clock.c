#include "orchestrator/daemon/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

gint64 clock_boottime_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (gint64)ts.tv_sec * G_USEC_PER_SEC + ts.tv_nsec / 1000;
}

gint64 clock_now(const DrillClock *clock)
{
    if (!clock->ck_running || clock->ck_leaps_only)
        return clock->ck_base_us;
    return clock->ck_base_us + (clock_boottime_us() - clock->ck_anchor_us);
}

void clock_run(DrillClock *clock)
{
    if (clock->ck_running)
        return;
    clock->ck_anchor_us = clock_boottime_us();
    clock->ck_running = TRUE;
}

void clock_stand(DrillClock *clock)
{
    clock->ck_base_us = clock_now(clock);
    clock->ck_running = FALSE;
}

void clock_restore(DrillClock *clock, gint64 now_us, gboolean running)
{
    clock->ck_base_us = now_us;
    clock->ck_anchor_us = clock_boottime_us();
    clock->ck_running = running;
}

void clock_leap(DrillClock *clock, gint64 to_us)
{
    gint64 now = clock_now(clock);

    if (to_us > now)
        clock->ck_base_us += to_us - now;
}

void clock_boot_id(char out[40])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, 39) : 0;

    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}
