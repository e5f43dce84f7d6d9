// What the page says, by language. A word that a language lacks is said in English.

const en = {
  kicker: 'Live scoreboard',
  standings: 'Standings',
  attackers: 'Attackers',
  services: 'Services',
  latest: 'Latest',
  frozen: 'Scores frozen',
  lost: 'Connection lost. What stands here is the last that was known; trying again.',
  live: 'Live',
  offline: 'Not connected',
  of: (t) => `of ${t}`,
  protection: 'Protection',
  availability: 'Availability',
  injects: 'Injects',
  counts: (s) => `${s.prevented} blocked · ${s.detected} detected · ` +
    `${s.contained} contained · ${s.executed} attacks`,
  taken: (p) => `${p} points taken`,
  held: (reason) => `Held: ${reason}`,
  points: 'points',
  checkpoint: (n, root) => `Checkpoint: ${n} events, root ${root}`,
  nocheckpoint: 'No checkpoint yet',
  simulated: 'SIMULATION: no guests, scripted players',
  missing: 'hosts that are missing; their checks count for nobody',
  noservices: 'No services are checked yet.',
  self: 'reported by the team’s own host',
  states: {
    defined: 'Defined', provisioning: 'Setting up', ready: 'Ready', running: 'Running',
    paused: 'Paused', stopped: 'Stopped', ended: 'Ended', judging: 'Judging',
    provisional: 'Provisional result', final: 'Final result', archived: 'Archived',
    failed: 'Failed', down: 'Closed',
  },
  checks: {
    UP: 'Up', DOWN: 'Down', FAULTY: 'Faulty', CORRUPT: 'Corrupt',
    RECOVERING: 'Recovering', UNCHECKED: 'Unchecked',
  },
};

const zhHant = {
  kicker: '即時計分板',
  standings: '排名',
  attackers: '攻擊隊伍',
  services: '服務狀態',
  latest: '最新事件',
  frozen: '分數已凍結',
  lost: '連線中斷。畫面為最後已知的資料，正在重新連線。',
  live: '即時',
  offline: '未連線',
  of: (t) => `共 ${t}`,
  protection: '防護',
  availability: '可用性',
  injects: '情境任務',
  counts: (s) => `阻截 ${s.prevented} · 偵測 ${s.detected} · 遏制 ${s.contained} · ` +
    `攻擊 ${s.executed}`,
  taken: (p) => `奪得 ${p} 分`,
  held: (reason) => `暫停參與：${reason}`,
  points: '分',
  checkpoint: (n, root) => `檢查點：${n} 項事件，根 ${root}`,
  nocheckpoint: '尚無檢查點',
  simulated: '模擬：沒有虛擬機，由腳本代替隊員',
  missing: '缺少的主機（其檢查不計分）',
  noservices: '尚未檢查任何服務。',
  self: '由隊伍自己的主機回報',
  states: {
    defined: '已定義', provisioning: '佈置中', ready: '準備就緒', running: '進行中',
    paused: '暫停', stopped: '已停止', ended: '已結束', judging: '評審中',
    provisional: '暫定結果', final: '最終結果', archived: '已封存', failed: '失敗',
    down: '已關閉',
  },
  checks: {
    UP: '正常', DOWN: '中斷', FAULTY: '異常', CORRUPT: '受損', RECOVERING: '恢復中',
    UNCHECKED: '未檢查',
  },
};

export const languages = { en, 'zh-Hant': zhHant };

export function words(lang) {
  return languages[lang] ?? en;
}

// Hours, minutes and seconds of a drill's clock: hours run past 24, as a drill's do.
export function clockText(us) {
  const s = Math.max(0, Math.floor(us / 1e6));
  const two = (n) => String(n).padStart(2, '0');
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export function pointsText(milli, lang) {
  return (milli / 1000).toLocaleString(lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
}
