/** One thing that `parley doctor` looked at. */
export type Finding =
  | Readonly<{ status: 'good'; what: string }>
  /** Works, but may not be what the operator wants. */
  | Readonly<{ status: 'doubtful'; what: string; mend: string }>
  /** Parley does not work like this, or not safely. */
  | Readonly<{ status: 'bad'; what: string; mend: string }>

export function good(what: string): Finding {
  return { status: 'good', what }
}

export function doubtful(what: string, mend: string): Finding {
  return { status: 'doubtful', what, mend }
}

export function bad(what: string, mend: string): Finding {
  return { status: 'bad', what, mend }
}

const SIGNS = { good: '✓', doubtful: '!', bad: '✗' } as const satisfies Record<Finding['status'], string>

/** What the doctor prints of it. */
export function findingLines(finding: Finding): string {
  const line = `${SIGNS[finding.status]} ${finding.what}`
  return finding.status === 'good' ? line : `${line}\n  ${finding.mend}`
}
