// KMS calls and dollars for a million requests: the model, checked against the real code, as figures, table and chart.
import { writeFileSync } from 'node:fs'
import { atMost, type BenchOptions, type Figure } from '../figure.ts'
import { chart, type Line } from './chart.ts'
import { type Calls, type Mode, modelEngine, realEngine } from './engines.ts'
import { type Load, ratePerInstance, sessionSeconds, simulate } from './simulate.ts'

const million = 1_000_000
const modes: readonly Mode[] = ['agreement', 'agreement, tickets', 'wrapped pair']

/** Dollars for 10,000 calls, as AWS KMS lists them. */
const prices = { ecc: 0.15, rsa: 0.03, symmetric: 0.03 } as const
const dollars = ({ agreements, symmetric }: Calls, price: number): number =>
  (agreements * price + symmetric * prices.symmetric) / 10_000

/** The model must count the calls of the real code, request by request. */
const check = async (): Promise<number> => {
  let requests = 0
  for (const mode of modes) {
    for (const load of [
      { instances: 1, requestsPerSession: 5, requests: 1_500 },
      { instances: 8, requestsPerSession: 20, requests: 6_000 },
    ]) {
      const [model, real] = [modelEngine(mode, load.instances), await realEngine(mode, load.instances)]
      await simulate(load, model)
      await simulate(load, real)
      if (JSON.stringify(model.calls) !== JSON.stringify(real.calls))
        throw new Error(
          `${mode}, ${JSON.stringify(load)}: ${JSON.stringify([model.calls, real.calls])} (model, real)`,
        )
      requests += load.requests
    }
  }
  return requests
}

const counted = async (mode: Mode, load: Load): Promise<Calls> => {
  const engine = modelEngine(mode, load.instances)
  await simulate(load, engine)
  return engine.calls
}

/** A row of the table: what each way costs. */
interface Row {
  readonly instances: number
  readonly requestsPerSession: number
  readonly ways: readonly { readonly name: string; readonly calls: number; readonly dollars: number }[]
}

const rowOf = async (instances: number, requestsPerSession: number): Promise<Row> => {
  const load = { instances, requestsPerSession, requests: million }
  const [plain, tickets, wrapped] = await Promise.all(modes.map((mode) => counted(mode, load)))
  const way = (name: string, calls: Calls, price: number) => ({
    name,
    calls: calls.agreements + calls.symmetric,
    dollars: dollars(calls, price),
  })
  return {
    instances,
    requestsPerSession,
    ways: [
      way('P-256', plain!, prices.ecc),
      way('P-256, tickets', tickets!, prices.ecc),
      way('RSA', plain!, prices.rsa),
      way('RSA, tickets', tickets!, prices.rsa),
      way('wrapped pair', wrapped!, prices.ecc),
    ],
  }
}

/** Dollars for a million requests, 50 instances and 20 requests a session: the counted figure and a small margin. */
const bars: Readonly<Record<string, number>> = {
  'P-256': 13,
  'P-256, tickets': 1.4,
  RSA: 2.6,
  'RSA, tickets': 0.75,
  'wrapped pair': 0.01,
}

const steps = [1, 2, 5, 10, 20, 50, 100] as const
const money = (value: number): string => `$${value.toFixed(2)}`

/** If the group is named, all rows are counted and the document and its chart are written; that takes a minute. */
export const sessionCostFigures = async ({ named: write }: BenchOptions): Promise<readonly Figure[]> => {
  const checked = await check()
  const rows: Row[] = []
  for (const instances of write ? [1, 10, 50, 200] : [50])
    for (const requestsPerSession of write ? (instances === 50 ? steps : [5, 20, 100]) : [20])
      rows.push(await rowOf(instances, requestsPerSession))
  if (write) {
    // Run from the root of the repository.
    writeFileSync('docs/sessions-cost.svg', drawn(rows))
    writeFileSync('docs/sessions-cost.md', document(rows, checked))
  }
  const usual = rows.find((row) => row.instances === 50 && row.requestsPerSession === 20)!
  return usual.ways.map((way) =>
    atMost(
      `session-cost-${way.name.toLowerCase().replace(/\W+/g, '-')}`,
      way.dollars,
      bars[way.name]!,
      '$',
      `KMS for a million requests, 50 instances, 20 requests a session, ${way.calls} calls`,
    ),
  )
}

const colours = ['#d1495b', '#2e86ab', '#e07a5f', '#3d9970', '#8e6bbf']

const drawn = (rows: readonly Row[]): string => {
  const of = rows.filter(({ instances }) => instances === 50)
  const lines = of[0]!.ways.map(
    ({ name }, at): Line => ({
      name,
      colour: colours[at]!,
      dollars: of.map(({ ways }) => ways[at]!.dollars),
    }),
  )
  return chart('KMS for a million requests, 50 instances', steps, lines)
}

const document = (rows: readonly Row[], checked: number): string => {
  const names = rows[0]!.ways.map(({ name }) => name)
  const lines = rows.map(
    ({ instances, requestsPerSession, ways }) =>
      `| ${instances} | ${requestsPerSession} | ${ways.map(({ calls, dollars }) => `${calls.toLocaleString('en')} · ${money(dollars)}`).join(' | ')} |`,
  )
  return `# What sessions cost in KMS

Each instance that receives a request of a session opens the session once. With more instances than requests in a session,
most requests meet an instance that has not opened it yet, and caching hardly helps. Tickets do: after the first request any
instance opens the session without the recipient's private key. A wrapped pair costs no call for a session, but its private
key is in the function's memory.

![Dollars for a million requests by requests in a session](sessions-cost.svg)

KMS calls and dollars for a million requests:

| instances | requests in a session | ${names.join(' | ')} |
|--:|--:|${names.map(() => '--:|').join('')}
${lines.join('\n')}

## How it was counted

A simulation: requests arrive evenly, ${ratePerInstance} a second for each instance. Each goes to a random instance and comes from a
random active user; a user stays about ${sessionSeconds} seconds. Instances cache 1,000 sessions, and data keys for 300 seconds, which they
refresh in the last fifth of that time, as \`sessionEnvelope\` and \`keyMaterial\` do by default. Each instance makes its own data key for tickets
and decrypts those of the others; these calls are in the table. The model was compared, call by call, with the real envelope over
${checked.toLocaleString('en')} requests of the same simulation.

Prices for 10,000 calls: $${prices.ecc} for DeriveSharedSecret on P-256, $${prices.rsa} for Decrypt under RSA_2048 and for calls under a symmetric
key. Not counted: GetPublicKey (once for each instance), the monthly dollar for a key, and the cost of a replay store. A new session
begins when one ends, after at most 15 minutes. A user who comes once a day has one request in a session, and tickets do not help.

With many instances, most of the cost of tickets is that each decrypts the data keys of all others. A longer \`cacheExpiry\` of the key
material, or data keys under a branch key (\`hierarchicalKeyring\`), which each instance fetches once, removes it; what remains
is one call of the recipient for each session: $0.75 at 20 requests.

\`npm run bench -- --only session-cost\` writes this page.
`
}
