/*
 * Plugin checks: the Nagios or Monitoring plugin that a check names must be in the image
 * of the host that runs it. Images that Parry builds get Debian's package of it.
 */
#include "scenarios/loader.h"

#include <string.h>

/* Where the agent looks for a plugin (agents/agent/check_command.c), for planted ones. */
static const char *const directories[] = {
    "/usr/lib/nagios/plugins/",
    "/usr/lib64/nagios/plugins/",
    "/usr/lib/monitoring-plugins/",
    "/usr/local/lib/nagios/plugins/",
    NULL,
};

/* What Debian 12's packages hold, sorted. */
static const char *const basic[] = {"check_apt",
                                    "check_by_ssh",
                                    "check_clamd",
                                    "check_cluster",
                                    "check_dhcp",
                                    "check_disk",
                                    "check_dummy",
                                    "check_file_age",
                                    "check_ftp",
                                    "check_host",
                                    "check_http",
                                    "check_icmp",
                                    "check_ide_smart",
                                    "check_imap",
                                    "check_ircd",
                                    "check_jabber",
                                    "check_load",
                                    "check_log",
                                    "check_mrtg",
                                    "check_mrtgtraf",
                                    "check_nagios",
                                    "check_nntp",
                                    "check_nntps",
                                    "check_nt",
                                    "check_ntp",
                                    "check_ntp_peer",
                                    "check_ntp_time",
                                    "check_nwstat",
                                    "check_overcr",
                                    "check_ping",
                                    "check_pop",
                                    "check_procs",
                                    "check_real",
                                    "check_rta_multi",
                                    "check_sensors",
                                    "check_simap",
                                    "check_smtp",
                                    "check_spop",
                                    "check_ssh",
                                    "check_ssmtp",
                                    "check_swap",
                                    "check_tcp",
                                    "check_time",
                                    "check_udp",
                                    "check_ups",
                                    "check_users",
                                    NULL};
static const char *const standard[] = {
    "check_breeze",      "check_curl",   "check_dbi",          "check_dig",
    "check_disk_smb",    "check_dns",    "check_flexlm",       "check_fping",
    "check_game",        "check_hpjd",   "check_ifoperstatus", "check_ifstatus",
    "check_ldap",        "check_ldaps",  "check_mailq",        "check_mysql",
    "check_mysql_query", "check_oracle", "check_pgsql",        "check_radius",
    "check_rpc",         "check_snmp",   "check_wave",         NULL};

static const char *package_of(const char *plugin)
{
    if (g_strv_contains(basic, plugin))
        return "monitoring-plugins-basic";
    return g_strv_contains(standard, plugin) ? "monitoring-plugins-standard" : NULL;
}

static gboolean planted_in(const GPtrArray *files, const char *plugin)
{
    for (guint i = 0; files && i < files->len; i++) {
        const PlanFile *file = files->pdata[i];
        for (const char *const *dir = directories; *dir; dir++)
            if (g_str_has_prefix(file->pf_path, *dir) &&
                !strcmp(file->pf_path + strlen(*dir), plugin))
                return TRUE;
    }
    return FALSE;
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The list stays sorted: the same set is the same image. */
static void add_package(PlanImage *image, const char *package)
{
    guint n = g_strv_length(image->pi_packages);

    if (g_strv_contains((const char *const *)image->pi_packages, package))
        return;
    image->pi_packages = g_renew(char *, image->pi_packages, n + 2);
    image->pi_packages[n] = g_strdup(package);
    image->pi_packages[n + 1] = NULL;
    qsort(image->pi_packages, n + 1, sizeof *image->pi_packages, by_text);
}

void plugin_require(Loader *loader, Node *at, int from, const char *plugin)
{
    const Plan *plan = loader->ld_plan;
    const PlanHost *host = plan_host(plan, from);
    PlanImage *image = plan_image(plan, host->ph_image);
    const char *package = package_of(plugin);

    if (!image->pi_base || planted_in(host->ph_files, plugin) ||
        planted_in(image->pi_files, plugin))
        return;
    if (!strcmp(image->pi_base, "micro"))
        loader_error(loader, at,
                     "ask from a host on debian/SUITE, or plant it by `files:` below "
                     "/usr/lib/nagios/plugins",
                     "the image of \"%s\" is a micro one: it has no plugin \"%s\"",
                     host->ph_name, plugin);
    else if (!g_str_has_prefix(image->pi_base, "debian/"))
        loader_warn(loader, at, "where it is not, the check is UNCHECKED",
                    "the image \"%s\" is your own: it must have the plugin \"%s\"",
                    image->pi_id, plugin);
    else if (package)
        add_package(image, package);
    else
        loader_warn(loader, at,
                    "give the image its package, or plant it by `files:` below "
                    "/usr/lib/nagios/plugins",
                    "no package of monitoring-plugins has \"%s\"", plugin);
}
