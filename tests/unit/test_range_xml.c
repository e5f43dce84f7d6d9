/* What the range asks libvirt for, as XML: checked as text and against libvirt's schemas.
 */
#include "orchestrator/range/domain_xml.h"
#include "orchestrator/range/filter.h"
#include "orchestrator/range/network_xml.h"
#include "orchestrator/range/tag.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/range_plan.h"

#include <string.h>
#include <unistd.h>

#define VALIDATOR "virt-xml-validate"

static Plan *plan;
static RangeConfig config;
static gboolean unvalidated; /* libvirt's schemas are not here */

static const RangeDomain micro = {
    .rd_kernel = "/p/vmlinux",
    .rd_initrd = "/p/initrd",
    .rd_cmdline = "console=ttyS0 quote=\"<&>\"",
    .rd_channel = "/p/run/0.sock",
    .rd_console = "/p/logs/0.log",
};

static const RangeDomain own = {
    .rd_disk = "/p/disks/a&b.qcow2",
    .rd_seed = "/p/disks/seed.iso",
    .rd_console = "/p/logs/1.log",
};

static const RangeDomain reached = {
    .rd_kernel = "/p/vmlinux",
    .rd_initrd = "/p/initrd",
    .rd_channel = "/p/run/a/2.sock",
    .rd_console = "/p/logs/2.log",
    .rd_serial = "/p/run/s/2.sock",
    .rd_guest_agent = "/p/run/g/2.sock",
};

#define HAS(xml, text) CU_ASSERT_PTR_NOT_NULL(strstr(xml, text))
#define HAS_NOT(xml, text) CU_ASSERT_PTR_NULL(strstr(xml, text))

/* Whether libvirt's schema of that name accepts the document. */
static gboolean valid(const char *xml, const char *schema)
{
    g_autofree char *program = g_find_program_in_path(VALIDATOR);
    g_autofree char *path = NULL, *out = NULL, *err = NULL;
    int fd = g_file_open_tmp("range-XXXXXX.xml", &path, NULL), status = -1;
    char *argv[] = {program, path, (char *)schema, NULL};
    gboolean good = TRUE;

    if (program) {
        good = g_file_set_contents(path, xml, -1, NULL) &&
               g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
                            &status, NULL) &&
               status == 0;
        if (!good)
            fprintf(stderr, "%s\n%s%s\n", xml, out ? out : "", err ? err : "");
    }
    unvalidated |= program == NULL;
    close(fd);
    unlink(path);
    return good;
}

static void test_domains_fit_the_schema(void)
{
    static const char *const accels[] = {"qemu", "kvm"};

    for (guint a = 0; a < G_N_ELEMENTS(accels); a++)
        for (int host = 0; host < (int)plan->p_hosts->len; host++) {
            g_autofree char *one = NULL, *two = NULL, *three = NULL;

            config.rg_accel = accels[a];
            one = domain_xml(plan, &config, host, &micro);
            two = domain_xml(plan, &config, host, &own);
            three = domain_xml(plan, &config, host, &reached);
            CU_ASSERT_TRUE(valid(one, "domain"));
            CU_ASSERT_TRUE(valid(three, "domain"));
            CU_ASSERT_TRUE(valid(two, "domain"));
        }
    config.rg_accel = "qemu";
}

/* One block for the RAM of all, in a file or not. */
static void test_where_the_ram_is(void)
{
    RangeDomain clone = micro;
    g_autofree char *plain = domain_xml(plan, &config, HOST_WEB, &micro);
    g_autofree char *mapped = NULL;

    clone.rd_ram = "/p/disks/a\"b&c.ram";
    mapped = domain_xml(plan, &config, HOST_WEB, &clone);
    CU_ASSERT_TRUE(valid(mapped, "domain"));
    HAS(plain, "memory-backend-ram");
    HAS(plain, "memory-backend=" DOMAIN_RAM);
    HAS(mapped, "memory-backend-file");
    HAS(mapped, "/p/disks/a\\&quot;b&amp;c.ram");
    HAS(mapped, "&quot;share&quot;:false");
}

static void test_a_cpu_model_fits_the_schema(void)
{
    g_autofree char *xml = NULL;

    config.rg_cpu = "Nehalem";
    xml = domain_xml(plan, &config, HOST_WEB, &micro);
    config.rg_cpu = NULL;
    HAS(xml, "<model>Nehalem</model>");
    CU_ASSERT_TRUE(valid(xml, "domain"));
}

static void test_a_domain_has_what_it_needs(void)
{
    g_autofree char *xml = domain_xml(plan, &config, HOST_GATEWAY, &micro);

    HAS(xml, "<domain type=\"qemu\">");
    HAS(xml, "<name>pr-xml-a-gateway</name>");
    HAS(xml, "<memory unit=\"b\">67108864</memory>");
    HAS(xml, "<kernel>/p/vmlinux</kernel>");
    HAS(xml, "quote=&quot;&lt;&amp;&gt;&quot;");
    HAS(xml, "<tb-cache unit=\"MiB\">32</tb-cache>");
    HAS(xml, "mode=\"connect\" path=\"/p/run/0.sock\"");
    HAS(xml, "<reconnect enabled=\"yes\" timeout=\"1\"/>");
    HAS(xml, "name=\"org.parry.agent.0\"");
    HAS(xml, "<backend model=\"random\">/dev/urandom</backend>");
    HAS(xml, "<on_crash>destroy</on_crash>");
    HAS(xml, "<mac address=\"52:54:00:aa:00:00\"/>");
    HAS(xml, "<mac address=\"52:54:00:aa:00:01\"/>");
    HAS_NOT(xml, "<disk");
}

/* A console that can be typed on and is logged all the same; libvirt's own channel to
 * qemu-guest-agent, beside the agent's, on one controller. */
static void test_a_console_and_a_guest_agent(void)
{
    g_autofree char *xml = domain_xml(plan, &config, HOST_GATEWAY, &reached);
    g_autofree char *plain = domain_xml(plan, &config, HOST_GATEWAY, &micro);

    HAS(xml, "<serial type=\"unix\">");
    HAS(xml, "<source mode=\"bind\" path=\"/p/run/s/2.sock\"/>");
    HAS(xml, "<log file=\"/p/logs/2.log\" append=\"on\"/>");
    HAS(xml, "<source mode=\"bind\" path=\"/p/run/g/2.sock\"/>");
    HAS(xml, "name=\"org.qemu.guest_agent.0\"");
    HAS(xml, "name=\"org.parry.agent.0\"");
    CU_ASSERT_PTR_NULL(strstr(strstr(xml, "virtio-serial") + 1, "virtio-serial"));
    HAS(plain, "<serial type=\"file\">");
    HAS_NOT(plain, "org.qemu.guest_agent.0");
}

static void test_a_domain_has_nothing_more(void)
{
    static const char *const never[] = {"<graphics",   "<video",    "<hostdev",
                                        "<filesystem", "<redirdev", "<sound",
                                        "<memtune",    "<seclabel", "<smartcard",
                                        "<shmem",      "<vsock",    "type=\"vhost"};
    g_autofree char *xml = domain_xml(plan, &config, HOST_GATEWAY, &micro);

    for (guint i = 0; i < G_N_ELEMENTS(never); i++)
        HAS_NOT(xml, never[i]);
    HAS(xml, "<controller type=\"usb\" model=\"none\"/>");
    HAS(xml, "<memballoon model=\"none\"/>");
}

static void test_an_own_disk_boots_itself(void)
{
    g_autofree char *xml = domain_xml(plan, &config, HOST_WEB, &own);

    HAS(xml, "<source file=\"/p/disks/a&amp;b.qcow2\"/>");
    HAS(xml, "cache=\"unsafe\"");
    HAS(xml, "<boot order=\"1\"/>");
    HAS(xml, "<readonly/>");
    HAS_NOT(xml, "<kernel>");
    HAS_NOT(xml, "<channel");
}

static void test_emulated_cpu_has_random_numbers(void)
{
    g_autofree char *xml = NULL;

    config.rg_cpu = "Nehalem";
    xml = domain_xml(plan, &config, HOST_WEB, &micro);
    config.rg_cpu = NULL;
    HAS(xml, "<model>Nehalem</model>");
    HAS(xml, "<feature policy=\"require\" name=\"rdrand\"/>");
}

static void test_kvm_differs(void)
{
    g_autofree char *xml = NULL;

    config.rg_accel = "kvm";
    xml = domain_xml(plan, &config, HOST_WEB, &micro);
    config.rg_accel = "qemu";
    HAS(xml, "<domain type=\"kvm\">");
    HAS(xml, "<cpu mode=\"host-passthrough\"/>");
    HAS_NOT(xml, "tb-cache");
}

static void test_only_shared_cards_are_filtered(void)
{
    g_autofree char *gateway = domain_xml(plan, &config, HOST_GATEWAY, &micro);
    g_autofree char *web = domain_xml(plan, &config, HOST_WEB, &micro);
    g_autofree char *first = filter_port(plan, HOST_GATEWAY, 0);
    g_autofree char *second = filter_port(plan, HOST_GATEWAY, 1);

    HAS(gateway, first);
    HAS_NOT(gateway, second);
    HAS(gateway, "<port isolated=\"yes\"/>");
    HAS_NOT(web, "<target dev=");
    HAS_NOT(web, "<port ");
}

static void test_a_network_is_a_bare_bridge(void)
{
    for (int i = 0; i < (int)plan->p_networks->len; i++) {
        g_autofree char *xml = network_xml(plan, config.rg_drill, i);

        CU_ASSERT_TRUE(valid(xml, "network"));
        HAS(xml, "stp=\"off\" delay=\"0\"");
        HAS_NOT(xml, "<ip");
        HAS_NOT(xml, "<forward");
    }
}

static void test_a_filter_binds_mac_and_address(void)
{
    g_autofree char *rules = filter_rules(plan, config.rg_drill, HOST_RIVAL);
    g_autofree char *none = filter_rules(plan, config.rg_drill, HOST_WEB);
    g_autofree char *port = filter_port(plan, HOST_RIVAL, 0);
    g_autofree char *last = g_strdup_printf("from_%s drop\n", port);

    HAS(rules, "arp saddr ether 52:54:00:aa:01:00 arp saddr ip 203.0.113.20 ");
    HAS(rules, "ether saddr 52:54:00:aa:01:00 ether type ip ip saddr 203.0.113.20 ");
    HAS(rules, "udp sport 67 drop");
    HAS(rules, last);
    HAS_NOT(rules, "203.0.113.10");
    CU_ASSERT_STRING_EQUAL(none, "");
}

static void test_ports_have_names_of_their_own(void)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        for (int n = 0; n < (int)plan_host(plan, i)->ph_nics->len; n++) {
            char *port = filter_port(plan, i, n);

            CU_ASSERT_TRUE(strlen(port) <= 15);
            /* libvirt renames what looks like one of its own. */
            CU_ASSERT_FALSE(g_str_has_prefix(port, "vnet"));
            CU_ASSERT_TRUE(g_hash_table_add(seen, port));
        }
}

/* What nft prints of two ports, pr1p0 and pr1p1; the drill knows pr1p0 and pr1p10. */
#define PRINTED(head, to, rule)                                                          \
    "table bridge parry-x {\n" head "\tmap from_port {\n\t\ttype ifname : verdict\n"     \
    "\t\telements = { \"pr1p10\" : jump from_pr1p10,\n\t\t\t     \"pr1p0\" : jump " to   \
    " }\n\t}\n\n\tmap to_port {\n\t\telements = { \"pr1p0\" : jump to_pr1p0 }\n\t}\n\n"  \
    "\tchain from {\n\t\tiifname vmap @from_port\n\t}\n\n"                               \
    "\tchain to {\n\t\toifname vmap @to_port\n\t}\n\n"                                   \
    "\tchain from_pr1p0 {\n\t\t" rule "\n\t}\n\n\tchain to_pr1p0 {\n\t\tdrop\n\t}\n}\n"

static void test_a_changed_filter_does_not_hold(void)
{
    static const char *const good = PRINTED("", "from_pr1p0", "drop");
    static const char *const bad[] = {
        NULL,
        "",
        PRINTED("\tflags dormant\n\n", "from_pr1p0", "drop"),
        PRINTED("", "from_pr1p00", "drop"),
        PRINTED("", "from_pr1p0", "accept"),
        PRINTED("", "from_pr1p0", "accept\n\t\tdrop"),
    };

    CU_ASSERT_TRUE(filter_holds(good, good, "pr1p0"));
    CU_ASSERT_FALSE(filter_holds(good, good, "pr1p1"));
    CU_ASSERT_FALSE(filter_holds(good, NULL, "pr1p0"));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        CU_ASSERT_FALSE(filter_holds(bad[i], good, "pr1p0"));
}

static void test_a_tag_reads_back(void)
{
    g_autofree char *domain = domain_xml(plan, &config, HOST_WEB, &micro);
    g_autofree char *network = network_xml(plan, config.rg_drill, NET_LAN);
    g_autofree char *host = NULL, *generation = NULL;
    g_autofree char *one = tag_read(domain, &host, &generation);
    g_autofree char *two = tag_read(network, NULL, NULL);

    CU_ASSERT_STRING_EQUAL(one, config.rg_drill);
    CU_ASSERT_STRING_EQUAL(two, config.rg_drill);
    CU_ASSERT_STRING_EQUAL(host, "a/web");
    CU_ASSERT_STRING_EQUAL(generation, "0");
}

static void test_strangers_have_no_tag(void)
{
    static const char *const others[] = {
        "",
        "not xml",
        "<domain/>",
        "<domain><metadata/></domain>",
        "<domain><metadata><drill uuid='x'/></metadata></domain>",
        "<domain><metadata><a:drill xmlns:a='https://other.invalid/' "
        "uuid='x'/></metadata></domain>",
        "<domain><description><a:drill xmlns:a='" TAG_NS "' "
        "uuid='x'/></description></domain>"};

    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        CU_ASSERT_PTR_NULL(tag_read(others[i], NULL, NULL));
}

static void test_table_names(void)
{
    static const char *const others[] = {"filter", "parry-", "parry-short",
                                         "parry-886313e1-3b8a-5372-9b90-0c9aee199e5d-0",
                                         "parry-886313e1-3b8a-5372-9b90-0c9aee199eZZ"};
    g_autofree char *table = filter_table(config.rg_drill);
    g_autofree char *drill = filter_drill(table);

    CU_ASSERT_STRING_EQUAL(drill, config.rg_drill);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        CU_ASSERT_PTR_NULL(filter_drill(others[i]));
}

/* The value that Python's documentation of uuid5() gives. */
static void test_uuid5(void)
{
    g_autofree char *uuid =
        tag_uuid5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "python.org");

    CU_ASSERT_STRING_EQUAL(uuid, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"domains fit libvirt's schema", test_domains_fit_the_schema},
        {"a CPU model fits the schema", test_a_cpu_model_fits_the_schema},
        {"where the RAM is", test_where_the_ram_is},
        {"a domain has what it needs", test_a_domain_has_what_it_needs},
        {"a console and a guest agent", test_a_console_and_a_guest_agent},
        {"a domain has nothing more", test_a_domain_has_nothing_more},
        {"an own disk boots itself", test_an_own_disk_boots_itself},
        {"an emulated CPU has random numbers", test_emulated_cpu_has_random_numbers},
        {"kvm differs", test_kvm_differs},
        {"only shared cards are filtered", test_only_shared_cards_are_filtered},
        {"a network is a bare bridge", test_a_network_is_a_bare_bridge},
        {"a filter binds MAC and address", test_a_filter_binds_mac_and_address},
        {"ports have names of their own", test_ports_have_names_of_their_own},
        {"a changed filter does not hold", test_a_changed_filter_does_not_hold},
        {"a tag reads back", test_a_tag_reads_back},
        {"strangers have no tag", test_strangers_have_no_tag},
        {"table names", test_table_names},
        {"UUID version 5", test_uuid5},
        CU_TEST_INFO_NULL,
    };
    int status;

    plan = range_plan_new("xml");
    config = (RangeConfig){.rg_accel = "qemu", .rg_drill = plan->p_uuid};
    status = cunit_main("range: XML", tests);
    range_plan_free(plan);
    if (status == 0 && unvalidated) {
        printf("skipped: no " VALIDATOR " (libvirt-clients) to check the XML against "
               "libvirt's schemas; all else passed\n");
        return 77;
    }
    return status;
}
