import { auditExport } from './audit/export.ts';
import { auditSearch } from './audit/search.ts';
import { auditShow } from './audit/show/show.ts';
import { auditTail } from './audit/tail.ts';
import { auditVerify } from './audit/verify.ts';
import type { Command } from './command-line/command.ts';
import { configCheck } from './config/check.ts';
import { configPrint } from './config/print.ts';
import { doctor } from './doctor/doctor.ts';
import { ledgerMove } from './ledger/move.ts';
import { ledgerAdopt } from './ledger/adopt.ts';
import { ledgerBackup } from './ledger/backup.ts';
import { ledgerRestore } from './ledger/restore.ts';
import { policyCheck } from './policy/check.ts';
import { policyDiff } from './policy/diff.ts';
import { policyExplain } from './policy/explain.ts';
import { policyInit } from './policy/init.ts';
import { policyPush } from './policy/push.ts';
import { policyShow } from './policy/show.ts';
import { requestsSettle } from './requests/settle.ts';
import { requestsUnknown } from './requests/unknown.ts';

/** All commands, in the order of the help and of docs/cli.md. A new command is a file of its own and a row here. */
export const COMMANDS: readonly Command[] = [
  configCheck,
  configPrint,
  doctor,
  policyInit,
  policyCheck,
  policyExplain,
  policyDiff,
  policyPush,
  policyShow,
  requestsUnknown,
  requestsSettle,
  auditVerify,
  auditExport,
  auditTail,
  auditShow,
  auditSearch,
  ledgerBackup,
  ledgerRestore,
  ledgerMove,
  ledgerAdopt,
];
