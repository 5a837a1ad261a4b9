import { attacks } from './attacks.ts'
import { secrets } from './patient.ts'
import { type Observation, type Sandbox, type Source, sources } from './sandbox.ts'

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
  readonly attacks: readonly {
    name: string
    what: string
    status: number
    code?: string
    handlerRan: boolean
  }[]
}

/** Runs the main job in the sandbox: cold, then warm from every event source, then one attack of each kind. */
export const runMainJob = async (sandbox: Sandbox): Promise<Report> => {
  const sealed = await sandbox.seal()
  const views = await sandbox.call({ body: sealed })
  const invocations = [
    { source: sources[0] as Source, status: views.status, kmsCalls: views.kmsCalls, warm: false },
  ]
  for (const source of sources) {
    const { status, kmsCalls } = await sandbox.call({ body: await sandbox.seal(), source })
    invocations.push({ source, status, kmsCalls, warm: true })
  }
  const refused: Report['attacks'][number][] = []
  for (const { name, what, change } of attacks) {
    const { status, code, seen } = await sandbox.call(change(sealed))
    refused.push({ name, what, status, code, handlerRan: seen !== undefined })
  }
  return { bundleBytes: sandbox.bundle.bytes, views, invocations, attacks: refused }
}

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
  ...report.attacks
    .filter(({ status, handlerRan }) => handlerRan || status < 400 || status >= 500)
    .map(({ name, status }) => `the attack "${name}" was answered ${status}`),
]

/** Secrets that a row holds in the clear, as text or as the bytes of a text. */
const leaks = (row: Observation['stored'] = {}): string[] => {
  const bytes = Object.values(row).map((value) => Buffer.from((value as { B?: string })?.B ?? '', 'base64'))
  const text = [JSON.stringify(row), ...bytes.map((each) => each.toString('utf8'))].join('\n')
  return secrets.filter((secret) => text.includes(secret))
}
