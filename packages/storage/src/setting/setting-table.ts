export type SettingTable = { key: string; value: string };
