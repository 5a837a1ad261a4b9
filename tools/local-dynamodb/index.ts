// DynamoDB over HTTP for tests, by two implementations that share no code: what one is lenient about, the other
// may refuse. Both run as processes of their own, so that nothing of them stays open in the test's.
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import path from 'node:path'

export { withoutTransactions } from './without-transactions.ts'

const { resolve } = createRequire(import.meta.url)

/** `dynoxide` is a binary for Linux on x64; `dynalite` runs everywhere and knows no transactions. */
export type LocalDynamoDBKind = 'dynoxide' | 'dynalite'

/** A running server. */
export interface LocalDynamoDB {
  readonly kind: LocalDynamoDBKind
  readonly endpoint: string
  /** What `new DynamoDBClient(...)` takes. */
  readonly clientOptions: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string }
  }
  close(): Promise<void>
}

const packageOf = (name: string): string | undefined => {
  try {
    return path.dirname(resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

const commands = {
  dynoxide: (folder: string, port: string) => [path.join(folder, 'dynoxide'), '--port', port],
  dynalite: (folder: string, port: string) => [
    process.execPath,
    path.join(folder, 'cli.js'),
    ...['--host', '127.0.0.1', '--port', port, '--createTableMs', '0', '--deleteTableMs', '0'],
  ],
} as const

const packages = { dynoxide: '@dynoxide/linux-x64', dynalite: 'dynalite' } as const

/** Why a server cannot run here, for the name of a test that is skipped; `undefined` when it can. */
export const missingDynamoDB = (kind: LocalDynamoDBKind): string | undefined =>
  packageOf(packages[kind])
    ? undefined
    : `${packages[kind]} is not installed on ${process.platform}-${process.arch}`

/** The fuller server, where it can run; elsewhere the one that runs everywhere. */
export const localDynamoDBKind = (): LocalDynamoDBKind =>
  missingDynamoDB('dynoxide') ? 'dynalite' : 'dynoxide'

/** Starts a server with no tables, in memory. Whoever starts it closes it. */
export const startLocalDynamoDB = async (kind: LocalDynamoDBKind): Promise<LocalDynamoDB> => {
  const folder = packageOf(packages[kind])
  if (folder === undefined) throw new Error(missingDynamoDB(kind))
  // Neither server tells which port it was given for port 0, and a free port may be taken before it is used.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const [command, ...args] = commands[kind](folder, String(port)) as [string, ...string[]]
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      await listening(child)
    } catch (error) {
      if (attempt === 5) throw error
      continue
    }
    const endpoint = `http://127.0.0.1:${port}`
    const credentials = { accessKeyId: 'AKIALOCALDYNAMODB000', secretAccessKey: 'no-signature-is-verified' }
    return {
      kind,
      endpoint,
      clientOptions: { endpoint, region: 'eu-west-1', credentials },
      close: () => closed(child),
    }
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolvePort, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolvePort(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** Both print a sentence with this word when they are ready, one on each of the two streams. */
const listening = (child: ChildProcess): Promise<void> =>
  new Promise((ready, reject) => {
    let said = ''
    const hear = (chunk: Buffer) => {
      said += chunk.toString('utf8')
      if (/listening/i.test(said)) ready()
    }
    // Read on after that: a full pipe would stop the server.
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`the DynamoDB server ended: ${said}`)))
  })

const closed = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    child.once('exit', () => done())
    child.kill('SIGTERM')
  })
