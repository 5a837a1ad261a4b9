// DynamoDB over HTTP, by two servers that share no code: where one is lenient, the other may refuse.
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer, type Socket } from 'node:net'
import path from 'node:path'
import { checkedOptions, type OptionSchema, oneOf, optionError } from '@glassine/core/internal'
import { packageName } from '../options.ts'

const packages = { dynoxide: '@dynoxide/linux-x64', dynalite: 'dynalite' } as const

/**
 * `dynoxide`, of the package `@dynoxide/linux-x64`, has transactions and PartiQL, for Linux on x64. `dynalite` runs
 * everywhere and has neither.
 */
export type LocalDynamoDBKind = keyof typeof packages

/** Options of {@link startLocalDynamoDB}. */
export interface LocalDynamoDBOptions {
  /** Which server. Default: `dynoxide` if it is installed and can run here, otherwise `dynalite`. */
  readonly kind?: LocalDynamoDBKind
}

const schema: OptionSchema<LocalDynamoDBOptions> = { kind: oneOf('dynoxide', 'dynalite') }

/** A running server without tables, in memory. */
export interface LocalDynamoDB extends AsyncDisposable {
  readonly kind: LocalDynamoDBKind
  /** For example `http://127.0.0.1:38017`. */
  readonly endpoint: string
  /** What `new DynamoDBClient(...)` takes. */
  readonly clientOptions: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string }
  }
  /**
   * Environment variables with the endpoint, for `Object.assign(process.env, kms.env, dynamoDB.env)` before clients are
   * made. Region and credentials are those of `kms.env`: this server takes any.
   */
  readonly env: Readonly<Record<string, string>>
  /** Ends the server; a second call changes nothing. */
  close(): Promise<void>
}

const { resolve } = createRequire(import.meta.url)

const folderOf = (kind: LocalDynamoDBKind): string | undefined => {
  try {
    return path.dirname(resolve(`${packages[kind]}/package.json`))
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

/** Why a server cannot run here; `undefined` if it can. */
export const missingDynamoDB = (kind: LocalDynamoDBKind): string | undefined =>
  folderOf(kind) ? undefined : `${packages[kind]} is not installed on ${process.platform}-${process.arch}`

/** The more complete server if it can run here; otherwise the one that runs everywhere. */
const localDynamoDBKind = (): LocalDynamoDBKind => (missingDynamoDB('dynoxide') ? 'dynalite' : 'dynoxide')

/**
 * Starts a DynamoDB on this machine. Install one of the servers beside this package: `@dynoxide/linux-x64` or
 * `dynalite`.
 *
 * It runs in a process of its own, which ends with yours. An open server keeps no process running.
 *
 * dynalite has no transactions: create branch keys there with {@link withoutTransactions}, and test transactions with
 * Dynoxide. Dynoxide is lenient where a page of a parallel scan begins: it takes the key of another segment, and loses
 * the rest of a segment if the item of the key is gone. Test such scans with dynalite.
 *
 * @throws GlassineError `ERR_OPTION_INVALID` if no server is installed; `Error` if it does not start
 * @example
 * ```ts
 * import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
 * import { startLocalDynamoDB } from '@glassine/testing/dynamodb'
 *
 * const dynamoDB = await startLocalDynamoDB()
 * const client = new DynamoDBClient(dynamoDB.clientOptions)
 * await dynamoDB.close()
 * ```
 */
export const startLocalDynamoDB = async (options: LocalDynamoDBOptions = {}): Promise<LocalDynamoDB> => {
  const { kind = localDynamoDBKind() } = checkedOptions(packageName, schema, options)
  const folder = folderOf(kind)
  if (folder === undefined)
    throw optionError(
      packageName,
      'kind',
      `needs a server: install ${packages.dynoxide} or ${packages.dynalite}`,
    )
  // Neither server reports the port that it got for port 0, and a free port may be taken before it is used.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const child = kept(commands[kind](folder, String(port)))
    try {
      await listening(child)
    } catch (error) {
      if (attempt === 5) throw error
      continue
    }
    const endpoint = `http://127.0.0.1:${port}`
    const credentials = { accessKeyId: 'AKIALOCALDYNAMODB000', secretAccessKey: 'no-signature-is-verified' }
    const close = () => closed(child)
    return {
      kind,
      endpoint,
      clientOptions: { endpoint, region: 'eu-west-1', credentials },
      env: { AWS_ENDPOINT_URL_DYNAMODB: endpoint, LOCAL_DYNAMODB_ENDPOINT: endpoint },
      close,
      [Symbol.asyncDispose]: close,
    }
  }
}

/** Runs a command until its standard input ends, which it also does when the process that started it dies. */
const keeper = `
const [command, ...args] = process.argv.slice(1)
const child = require('node:child_process').spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('error', (error) => { console.error(error.message); process.exit(1) })
child.on('exit', () => process.exit())
process.stdin.resume().on('end', () => child.kill())
`

const kept = (command: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['-e', keeper, ...command], { stdio: 'pipe' })

/** A port of the loopback address that nothing listens on; another process may take it before you do. */
export const freePort = (): Promise<number> =>
  new Promise((resolvePort, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolvePort(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** Both print a sentence with this word when they are ready, each on a different stream. */
const listening = (child: ChildProcess): Promise<void> =>
  new Promise((ready, reject) => {
    let said = ''
    let isReady = false
    const hear = (chunk: Buffer) => {
      said += chunk.toString('utf8')
      // What it prints while it is closed must not free the process that waits for its end.
      if (isReady || !/listening/i.test(said)) return
      isReady = true
      for (const part of [child, child.stdin, child.stdout, child.stderr]) (part as Socket | null)?.unref()
      ready()
    }
    // Keep reading after that: a full pipe would stop the server.
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`the DynamoDB server ended: ${said}`)))
  })

const closed = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    child.ref()
    child.once('exit', () => done())
    child.stdin?.end()
  })
