import { redactText } from '../../telemetry/redact.ts'

/** The result of one check of `parley doctor`. */
export type Finding =
  | Readonly<{ status: 'ok'; what: string }>
  /** Parley works like this, but it may not be what the operator wants. */
  | Readonly<{ status: 'warning'; what: string; hint: string }>
  /** Parley does not work like this, or not safely. */
  | Readonly<{ status: 'problem'; what: string; hint: string }>

export function ok(what: string): Finding {
  return { status: 'ok', what }
}

export function warning(what: string, hint: string): Finding {
  return { status: 'warning', what, hint }
}

export function problem(what: string, hint: string): Finding {
  return { status: 'problem', what, hint }
}

const SIGNS = { ok: '✓', warning: '!', problem: '✗' } as const satisfies Record<Finding['status'], string>

/**
 * Renders a finding for the terminal: its sign and what was found, then the hint on a line of its own. Credentials in
 * what was found are redacted. Hints are written here and show forms such as postgres://user:password@host, so they
 * are printed as they are.
 */
export function findingLines(finding: Finding): string {
  const line = `${SIGNS[finding.status]} ${redactText(finding.what)}`
  return finding.status === 'ok' ? line : `${line}\n  ${finding.hint}`
}
