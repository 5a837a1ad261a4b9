import { type Attack, attacks, type Format, formats, honest } from './attacks.ts'
import { type Callers, createCallers, type Outcome } from './callers.ts'
import { type Source, sources } from './gateway.ts'
import { secrets } from './patient.ts'
import type { Observation, Sandbox } from './sandbox.ts'

/** An attack and its result in each format where it applies. */
export interface Row {
  readonly name: string
  readonly what: string
  readonly outcomes: Partial<Readonly<Record<Format, Outcome>>>
}

/** Everything that the demo shows, as data. */
export interface Report {
  readonly bundleBytes: number
  readonly views: Observation
  readonly invocations: readonly {
    source: Source
    status: number
    kmsCalls: readonly string[]
    warm: boolean
  }[]
  /** An honest caller, who must be let in. */
  readonly honest: Row
  readonly attacks: readonly Row[]
}

/** Carries out one attack in every format that knows it. */
export const tried = async ({ name, what, in: ways }: Attack, callers: Callers): Promise<Row> => {
  const outcomes: Partial<Record<Format, Outcome>> = {}
  for (const format of formats) {
    const way = ways[format]
    if (way) outcomes[format] = await way(callers)
  }
  return { name, what, outcomes }
}

/** Runs the main job in the sandbox: cold, then warm from every event source, then all attacks in all formats. */
export const runMainJob = async (sandbox: Sandbox, bundleBytes: number): Promise<Report> => {
  const views = await sandbox.observe(await sandbox.request())
  const invocations = [
    { source: sources[0] as Source, status: views.status, kmsCalls: views.kmsCalls, warm: false },
  ]
  for (const source of sources) {
    const { status, kmsCalls } = await sandbox.observe(await sandbox.request(), source)
    invocations.push({ source, status, kmsCalls, warm: true })
  }
  const callers = createCallers(sandbox)
  const rows: Row[] = []
  for (const attack of attacks) rows.push(await tried(attack, callers))
  return { bundleBytes, views, invocations, honest: await tried(honest, callers), attacks: rows }
}

const outcomesOf = ({ name, outcomes }: Row) =>
  Object.entries(outcomes).map(([format, outcome]) => ({ name, format, ...outcome }))

/** What went otherwise than it must; empty when the demo is a success. */
export const shortcomings = (report: Report): string[] => [
  ...report.invocations
    .filter(({ status }) => status !== 201)
    .map(({ source, status }) => `${source} was answered ${status}`),
  ...report.invocations
    .filter(({ warm, kmsCalls }) => kmsCalls.length !== (warm ? 0 : 2))
    .map(({ source, kmsCalls }) => `${source} made ${kmsCalls.length} KMS calls`),
  ...(report.views.stored?.aws_dbe_foot ? [] : ['no signed row was stored']),
  ...leaks(report.views.stored).map((secret) => `the row shows "${secret}"`),
  ...outcomesOf(report.honest)
    .filter(({ status }) => status >= 300)
    .map(({ format, status }) => `an honest ${format} was answered ${status}`),
  ...report.attacks
    .flatMap(outcomesOf)
    .filter(({ succeeded }) => succeeded)
    .map(
      ({ name, format, status }) =>
        `the attack "${name}" on a ${format} succeeded: it was answered ${status}`,
    ),
]

/** Secrets that a row holds in the clear, as text or as the bytes of a text. */
const leaks = (row: Observation['stored'] = {}): string[] => {
  const bytes = Object.values(row).map((value) => Buffer.from((value as { B?: string })?.B ?? '', 'base64'))
  const text = [JSON.stringify(row), ...bytes.map((each) => each.toString('utf8'))].join('\n')
  return secrets.filter((secret) => text.includes(secret))
}
