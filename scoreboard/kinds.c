#include "scoreboard/kinds.h"

#include <string.h>

#define W SEE_WHITE
#define WO (SEE_WHITE | SEE_OWN)
#define ALL (SEE_WHITE | SEE_OWN | SEE_PUBLIC)
#define HIDDEN (ALL | SEE_EMBARGO)

/* wanted, done and failed of something that is made or removed; white's business only. */
#define ACT(kind, en, zh, member)                                                        \
    {kind ".wanted/1", W, "", ""},                                                       \
        {kind ".done/1", W, en "[ {" member "}]: done", zh "[ {" member "}]：完成"},     \
    {                                                                                    \
        kind ".failed/1", W, en "[ {" member "}] failed[: {reason}]",                    \
            zh "[ {" member "}]失敗[：{reason}]"                                      \
    }

static const KindInfo KINDS[] = {
    {"drill.defined/1", ALL, "drill {name} defined", "演練 {name} 已建立"},
    {"drill.state/1", ALL, "drill {word:to}[: {reason}]", "演練{word:to}[：{reason}]"},
    {"drill.restored/1", W, "the drill goes on from a copy, after event {events}",
     "演練由副本繼續，於事件 {events} 之後"},
    {"daemon.started/1", W, "parryd {version} started, pid {pid}",
     "parryd {version} 已啟動，行程 {pid}"},
    {"daemon.gap/1", W,
     "nothing was recorded from {time:from_us} to {time:to_us}: {verdict}",
     "由 {time:from_us} 至 {time:to_us} 沒有記錄：{verdict}"},
    {"daemon.stopped/1", W, "parryd stopped[: {reason}]", "parryd 已停止[：{reason}]"},
    {"helper.up/1", W, "{name} is up[, pid {pid}]", "{name} 已啟動[，行程 {pid}]"},
    {"helper.down/1", W, "{name} ended[, status {status}][, signal {signal}]",
     "{name} 已結束[，狀態 {status}][，訊號 {signal}]"},
    {"clock.started/1", ALL, "the drill clock runs", "演練時鐘開始"},
    {"clock.paused/1", ALL, "the drill is paused[: {reason}]", "演練暫停[：{reason}]"},
    {"clock.resumed/1", ALL, "the drill goes on[: {reason}]", "演練繼續[：{reason}]"},
    {"clock.leap/1", W, "", ""},
    {"clock.jumped/1", W, "this machine's wall clock was set: {by_us} µs",
     "本機時鐘曾被調校：{by_us} 微秒"},
    {"team.held/1", ALL, "held out of the drill[: {reason}]", "暫停參與演練[：{reason}]"},
    {"team.released/1", ALL, "takes part again[: {reason}]", "恢復參與演練[：{reason}]"},
    {"metric.met/1", W, "metric {metric}: {points:points} points",
     "指標 {metric}：{points:points} 分"},
    {"stop.met/1", W, "a stop condition is met ({word:action})[: {reason}]",
     "停止條件已符合（{word:action}）[：{reason}]"},
    ACT("image", "image", "映像", "image"),
    ACT("net", "network", "網絡", "network"),
    ACT("filter", "filter", "過濾規則", "filter"),
    ACT("domain", "VM", "虛擬機", "domain"),
    ACT("golden", "golden guest", "原型虛擬機", "golden"),
    {"reset.asked/1", WO,
     "{player} asks for a reset of the host[, which costs {points:cost}][: {reason}]",
     "{player} 要求重設主機[，扣 {points:cost} 分][：{reason}]"},
    {"reset.decided/1", WO, "the reset is {word:decision}[ by {by}][: {reason}]",
     "重設要求{word:decision}[（{by}）][：{reason}]"},
    {"reset.waived/1", WO, "the reset failed and costs nothing; white knows of it",
     "重設失敗，不扣分；主控已知悉"},
    {"reset.wanted/1", WO, "the host is reset[: {reason}]", "主機重設[：{reason}]"},
    {"reset.done/1", WO, "the host is back as it was at first[, after {time:dur_us}]",
     "主機已回復原狀[，用時 {time:dur_us}]"},
    {"reset.failed/1", W, "the reset failed[: {reason}]", "重設失敗[：{reason}]"},
    {"return.wanted/1", WO, "the host comes back, {word:from}[ {checkpoint}]",
     "主機正在恢復（{word:from}[ {checkpoint}]）"},
    {"return.anew/1", W,
     "checkpoint {checkpoint} does not bring it back: {reason}; it is made anew",
     "檢查點 {checkpoint} 未能恢復主機：{reason}；改為重新建立"},
    {"return.done/1", WO, "the host is back[, after {time:dur_us}]",
     "主機已恢復[，用時 {time:dur_us}]"},
    {"return.failed/1", W, "the host does not come back[: {reason}]",
     "主機未能恢復[：{reason}]"},
    {"checkpoint.wanted/1", W, "", ""},
    {"checkpoint.saved/1", W, "", ""},
    {"checkpoint.done/1", W,
     "checkpoint {checkpoint}: saved, {bytes} bytes; it stood still for {time:stop_us}",
     "檢查點 {checkpoint}：已儲存，{bytes} 位元組；主機停頓 {time:stop_us}"},
    {"checkpoint.failed/1", W, "checkpoint {checkpoint}: not made[: {reason}]",
     "檢查點 {checkpoint}：未能建立[：{reason}]"},
    {"checkpoint.deleted/1", W, "checkpoint {checkpoint}: deleted[: {reason}]",
     "檢查點 {checkpoint}：已刪除[：{reason}]"},
    {"clones.off/1", W, "all hosts boot[: {reason}]", "所有主機均開機啟動[：{reason}]"},
    {"clone.proved/1", W, "", ""},
    {"clone.failed/1", W, "no memory clone, it boots[: {reason}]",
     "未能複製記憶體，改為開機[：{reason}]"},
    {"host.retry/1", W, "made once more (try {try} of {of})[: {reason}]",
     "再次建立（第 {try} 次，共 {of} 次）[：{reason}]"},
    {"host.joined/1", WO, "the host that was missing is there", "先前缺少的主機已加入"},
    {"degraded.consented/1", W, "{by} agreed to begin without hosts that fail",
     "{by} 同意在缺少主機的情況下開始"},
    {"drill.degraded/1", W, "the drill begins without hosts that failed, as {by} agreed",
     "經 {by} 同意，演練在缺少主機的情況下開始"},
    {"domain.lost/1", WO, "the VM ended by itself[: {reason}]",
     "虛擬機意外終止[：{reason}]"},
    ACT("domain.destroy", "remove VM", "移除虛擬機", "domain"),
    ACT("net.destroy", "remove network", "移除網絡", "network"),
    ACT("filter.destroy", "remove filter", "移除過濾規則", "filter"),
    {"deliver.wanted/1", W, "", ""},
    {"deliver.done/1", W, "the agent is delivered", "代理已送達"},
    {"deliver.failed/1", W, "the agent is not delivered[: {reason}]",
     "代理未送達[：{reason}]"},
    {"agent.hello/1", W, "agent {version} said hello", "代理 {version} 已連線"},
    {"agent.ready/1", W, "ready", "就緒"},
    {"agent.replace.wanted/1", W, "", ""},
    {"agent.replace.done/1", W, "the agent is replaced: {version}",
     "代理已更換：{version}"},
    {"agent.replace.failed/1", W, "the agent is not replaced[: {reason}]",
     "代理未更換[：{reason}]"},
    {"agent.lost/1", W, "the agent is gone[: {reason}]", "代理失聯[：{reason}]"},
    {"agent.back/1", W, "the agent is heard again after {time:silent_us}",
     "代理於 {time:silent_us} 後恢復連線"},
    {"agent.cut/1", W, "the agent was cut off[: {reason}]", "代理連線被切斷[：{reason}]"},
    {"agent.clock/1", W,
     "the clock is {offset_us} µs off[, corrected by {corrected_us} µs]",
     "時鐘相差 {offset_us} 微秒[，已校正 {corrected_us} 微秒]"},
    {"observe.batch/1", W, "", ""},
    {"observe.gap/1", W,
     "observations are missing: {kernel} lost by the kernel, {queue} by the agent, "
     "{channel} on the channel, {hub} by the hub[ ({why})]",
     "觀察記錄有缺：核心遺失 {kernel}，代理 {queue}，通道 {channel}，集線器 "
     "{hub}[（{why}）]"},
    {"observe.erased/1", W, "texts of observations were erased", "已刪除觀察記錄的文字"},
    {"player.action/1", WO | SEE_ALONE, "[{player}: ]{text}", "[{player}：]{text_zh}"},
    {"order.wanted/1", W, "", ""},
    {"order.started/1", W, "", ""},
    {"order.done/1", W, "", ""},
    {"order.failed/1", W, "order failed[: {reason}]", "指令失敗[：{reason}]"},
    {"order.lost/1", W, "order lost[: {reason}]", "指令結果不明[：{reason}]"},
    {"isolation.round/1", W, "", ""},
    {"isolation.proved/1", ALL, "isolation proved", "隔離已驗證"},
    {"isolation.skipped/1", ALL, "isolation: not applicable[: {reason}]",
     "隔離：不適用[：{reason}]"},
    {"isolation.broken/1", W, "ISOLATION BROKEN", "隔離失效"},
    {"check.round/1", W, "", ""},
    {"inject.due/1", W, "{inject}: its trigger came ({word:trigger}), due at {time:at}",
     "{inject}：觸發（{word:trigger}），{time:at} 到時"},
    {"inject.held/1", W, "{inject}: waits ({word:why})[ until {time:until}]",
     "{inject}：等待中（{word:why}）[，至 {time:until}]"},
    {"inject.approved/1", W, "{inject}: approved[ by {by}]",
     "{inject}：已批准[（{by}）]"},
    {"inject.wanted/1", HIDDEN, "{inject}: due", "{inject}：到時"},
    {"inject.executed/1", HIDDEN, "{inject}: under way", "{inject}：已執行"},
    {"inject.retry/1", W,
     "{inject}: attempt {attempt} failed[: {reason}]; again at {time:again}",
     "{inject}：第 {attempt} 次執行失敗[：{reason}]；{time:again} 再試"},
    {"inject.skew/1", W, "{name}: {n} at the same moment, {skew_us} µs apart",
     "{name}：{n} 個同時執行，相差 {skew_us} 微秒"},
    {"inject.ended/1", HIDDEN, "{inject}: {word:state}[ ({reason})]",
     "{inject}：{word:state}[（{reason}）]"},
    {"inject.disclosed/1", ALL, "disclosed: {inject}", "公開：{inject}"},
    {"effect.seen/1", HIDDEN, "{inject}: its effect is there", "{inject}：效果已確認"},
    {"effect.gone/1", HIDDEN, "{inject}: its effect is gone", "{inject}：效果已消除"},
    {"deadman.fired/1", W,
     "{inject}: its guest heard nothing from Parry and ended it, cleanup: "
     "{cleanup}[: {reason}]",
     "{inject}：主機失去與 Parry 的聯繫，已終止攻擊，清理：{cleanup}[：{reason}]"},
    {"residue.before/1", W, "", ""},
    {"residue/1", W, "{inject}: left behind: {summary}", "{inject}：遺留：{summary}"},
    {"message.sent/1", WO, "[{word:channel}: ]message[ from {sender}]: {subject}",
     "[{word:channel}：]訊息[（{sender}）]：{subject}"},
    {"message.answered/1", WO, "{inject}: answered", "{inject}：已回覆"},
    {"report.submitted/1", WO, "incident report[: {indicator}]",
     "事故報告[：{indicator}]"},
    {"report.matched/1", HIDDEN, "report matches: {inject}", "報告吻合：{inject}"},
    {"report.unmatched/1", WO, "report matches nothing[: {reason}]",
     "報告不吻合[：{reason}]"},
    {"expect.met/1", HIDDEN,
     "{inject}: {word:expect} met[ after {time:after_us}][, +{points:points}]",
     "{inject}：{word:expect}達成[，用時 {time:after_us}][，+{points:points}]"},
    {"expect.missed/1", HIDDEN, "{inject}: {word:expect} missed",
     "{inject}：{word:expect}未達成"},
    {"expect.voided/1", HIDDEN, "{inject}: {word:expect} is void, the host was reset",
     "{inject}：主機已重設，{word:expect}作廢"},
    {"expect.look/1", W, "", ""},
    {"score.adjusted/1", ALL, "score adjusted by {points:points}[: {reason}]",
     "分數調整 {points:points}[：{reason}]"},
    {"player.bound/1", WO, "{player} signed in", "{player} 已登入"},
    {"player.refused/1", W, "refused: {what}[ ({reason})]", "拒絕：{what}[（{reason}）]"},
    {"terminal.opened/1", WO, "{player} opened a terminal", "{player} 開啟終端機"},
    {"terminal.closed/1", WO, "{player} closed a terminal", "{player} 關閉終端機"},
    {"blob.erased/1", W, "a text was erased", "已刪除一段文字"},
    {"checkpoint/1", W, "", ""},
    {"note/1", W, "note: {text}", "備註：{text}"},
};

static const char *const STATUS[] = {
    [CHECK_UP] = "UP",
    [CHECK_DOWN] = "DOWN",
    [CHECK_FAULTY] = "FAULTY",
    [CHECK_CORRUPT] = "CORRUPT",
    [CHECK_RECOVERING] = "RECOVERING",
    [CHECK_UNCHECKED] = "UNCHECKED",
};

const char *check_status_name(CheckStatus status)
{
    return (gsize)status < G_N_ELEMENTS(STATUS) ? STATUS[status] : "UNCHECKED";
}

gboolean check_status_parse(const char *word, CheckStatus *status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(STATUS); i++)
        if (g_ascii_strcasecmp(word, STATUS[i]) == 0) {
            *status = (CheckStatus)i;
            return TRUE;
        }
    return FALSE;
}

static const char *const WHATS[SEEN_WHATS] = {
    "exec",    "exit",   "login",    "logout",   "auth-failure", "file",
    "service", "listen", "unlisten", "firewall", "account",      "cron",
    "unit",    "key",    "mount",    "module",   "session",      "watch",
};

static const char *const ACTS[SEEN_ACTS] = {
    "",      "created", "changed", "deleted", "moved",   "started", "stopped",
    "added", "removed", "opened",  "closed",  "granted", "refused",
};

static const char *const ORIGINS[SEEN_ORIGINS] = {
    "", "player", "order", "check", "script", "agent",
};

static const char *name_of(const char *const *names, int count, int number)
{
    return number >= 0 && number < count ? names[number] : "?";
}

static gboolean number_of(const char *const *names, int count, const char *name,
                          int *number)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) {
            *number = i;
            return TRUE;
        }
    return FALSE;
}

const char *seen_what_name(int what)
{
    return name_of(WHATS, SEEN_WHATS, what);
}

const char *seen_act_name(int act)
{
    return name_of(ACTS, SEEN_ACTS, act);
}

const char *seen_origin_name(int origin)
{
    return name_of(ORIGINS, SEEN_ORIGINS, origin);
}

gboolean seen_what_parse(const char *name, int *what)
{
    return number_of(WHATS, SEEN_WHATS, name, what);
}

gboolean seen_act_parse(const char *name, int *act)
{
    return number_of(ACTS, SEEN_ACTS, name, act);
}

gboolean seen_origin_parse(const char *name, int *origin)
{
    return number_of(ORIGINS, SEEN_ORIGINS, name, origin);
}

static GHashTable *kinds_by_name(void)
{
    static gsize once;
    static GHashTable *by_name;

    if (g_once_init_enter(&once)) {
        by_name = g_hash_table_new(g_str_hash, g_str_equal);
        for (gsize i = 0; i < G_N_ELEMENTS(KINDS); i++)
            g_hash_table_insert(by_name, (gpointer)KINDS[i].kd_name, (gpointer)&KINDS[i]);
        g_once_init_leave(&once, 1);
    }
    return by_name;
}

const KindInfo *kind_find(const char *name)
{
    return g_hash_table_lookup(kinds_by_name(), name);
}

const KindInfo *kinds_all(gsize *count)
{
    *count = G_N_ELEMENTS(KINDS);
    return KINDS;
}
