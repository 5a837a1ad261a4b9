/** The command in this process: what its arguments lead to, what it prints where, and its exit codes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { readArguments, UsageError } from '../src/bin/arguments.ts'
import { runCommand } from '../src/bin/command.ts'
import { banner, callLine, jsonLine, paintFor } from '../src/bin/output.ts'
import type { LocalKms } from '../src/index.ts'
import { call, usualSigning } from './support/signed-request.ts'

describe('arguments', () => {
  const usual = {
    help: false,
    json: false,
    quiet: false,
    ca: undefined,
    server: {
      port: 8080,
      host: undefined,
      region: undefined,
      accountId: undefined,
      file: undefined,
      keys: undefined,
      https: false,
      credentials: [],
      verifySignatures: true,
      allowedHosts: undefined,
    },
  }
  const server = (changed: object) => ({ ...usual, server: { ...usual.server, ...changed } })

  test.each([
    ['', usual],
    ['--help', { ...usual, help: true }],
    ['--json', { ...usual, json: true }],
    ['--quiet', { ...usual, quiet: true }],
    ['--ca x.pem', { ...usual, ca: 'x.pem' }],
    ['--port 0', server({ port: 0 })],
    ['--port 65535', server({ port: 65_535 })],
    ['--host ::1', server({ host: '::1' })],
    ['--region eu-west-3', server({ region: 'eu-west-3' })],
    ['--account 999988887777', server({ accountId: '999988887777' })],
    ['--file kms.json', server({ file: 'kms.json' })],
    ['--key alias/a --key alias/b', server({ keys: ['alias/a', 'alias/b'] })],
    ['--https', server({ https: true })],
    ['--no-verify-signatures', server({ verifySignatures: false })],
    ['--allow-host a.example --allow-host b.example', server({ allowedHosts: ['a.example', 'b.example'] })],
    [
      '--credentials id:secret --credentials id2:secret2:arn:aws:iam::1:role/x',
      server({
        credentials: [
          { accessKeyId: 'id', secretAccessKey: 'secret' },
          { accessKeyId: 'id2', secretAccessKey: 'secret2', principal: 'arn:aws:iam::1:role/x' },
        ],
      }),
    ],
    ['--credentials id', server({ credentials: [{ accessKeyId: 'id', secretAccessKey: '' }] })],
  ])('%j', (line, expected) => {
    expect(readArguments(line === '' ? [] : line.split(' '))).toEqual(expected)
  })

  test.each(['', ' ', '1a', 'a1', '-1', '1.5', '0x10'])('the port %j is refused', (port) => {
    expect(readArguments([`--port=${port}`]).server.port).toBeNaN()
  })

  test.each([['--other'], ['argument'], ['--port'], ['--https=yes']])('%s is refused', (argument) => {
    expect(() => readArguments([argument])).toThrow(UsageError)
  })
})

const of = (changed: Partial<LocalKms> = {}): LocalKms =>
  ({
    endpoint: 'http://127.0.0.1:1',
    region: 'eu-west-1',
    accountId: '111122223333',
    env: {
      AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_PROFILE: '',
    },
    keys: [
      { keyId: 'k1', arn: 'arn:1', region: 'eu-west-1', alias: 'alias/a' },
      { keyId: 'k2', arn: 'arn:2', region: 'eu-west-1', alias: 'alias/longer' },
      { keyId: 'k3', arn: 'arn:3', region: 'eu-west-1' },
    ],
    ...changed,
  }) as LocalKms

describe('the text for people', () => {
  const plain = paintFor({})
  const variables = [
    '  export AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1',
    '  export AWS_REGION=eu-west-1',
    '  export AWS_ACCESS_KEY_ID=id',
    '  export AWS_SECRET_ACCESS_KEY=secret',
  ]
  const last = (where: string) => [
    '',
    `For tests and development: keys are ${where}, in the clear. Ctrl-C ends it.`,
    '',
  ]

  test('lists the keys in columns, and the variables of the SDKs', () => {
    expect(banner(of(), undefined, undefined, plain).split('\n')).toEqual([
      'Local KMS on http://127.0.0.1:1',
      '',
      '  alias/a       arn:1',
      '  alias/longer  arn:2',
      '                arn:3',
      '',
      ...variables,
      ...last('in memory'),
    ])
  })

  test('names the file and the CA, and leaves out a list that is empty', () => {
    expect(banner(of({ keys: [] }), 'kms.json', '/tmp/ca.pem', plain).split('\n')).toEqual([
      'Local KMS on http://127.0.0.1:1',
      '',
      ...variables,
      '  export NODE_EXTRA_CA_CERTS=/tmp/ca.pem',
      '  export AWS_CA_BUNDLE=/tmp/ca.pem',
      ...last('in kms.json'),
    ])
  })

  test('colours aliases and values, dims the rest, and aligns columns as without colours', () => {
    const marked = banner(of(), undefined, undefined, (style, text) => `<${style}:${text}>`)
    expect(marked.split('\n')).toEqual([
      '<bold:Local KMS> on <green:http://127.0.0.1:1>',
      '',
      '  <cyan:alias/a     >  arn:1',
      '  <cyan:alias/longer>  arn:2',
      '  <cyan:            >  arn:3',
      '',
      '  <dim:export> AWS_ENDPOINT_URL_KMS=<green:http://127.0.0.1:1>',
      '  <dim:export> AWS_REGION=<green:eu-west-1>',
      '  <dim:export> AWS_ACCESS_KEY_ID=<green:id>',
      '  <dim:export> AWS_SECRET_ACCESS_KEY=<green:secret>',
      '',
      '<dim:For tests and development: keys are in memory, in the clear. Ctrl-C ends it.>',
      '',
    ])
    const line = {
      eventId: 'e',
      operation: 'Decrypt',
      time: '2026-01-02T03:04:05.678Z',
      region: 'eu-west-1',
      requestId: 'r',
      principal: 'p',
    }
    const mark = (style: unknown, text: string) => `<${style}:${text}>`
    expect(callLine(line, mark)).toBe('<dim:03:04:05.678>  Decrypt          eu-west-1  <green:ok>')
    expect(callLine({ ...line, errorCode: 'X', fault: 'throttle' }, mark)).toBe(
      '<dim:03:04:05.678>  Decrypt          eu-west-1  <red:X> <yellow:(fault: throttle)>',
    )
  })

  test('is one line of JSON for programs', () => {
    const { endpoint, region, accountId, keys } = of()
    const env = {
      AWS_ENDPOINT_URL_KMS: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
    }
    expect(JSON.parse(jsonLine(of(), undefined))).toEqual({ endpoint, region, accountId, keys, env })
    expect(JSON.parse(jsonLine(of(), '/ca.pem')).env).toEqual({
      ...env,
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      AWS_CA_BUNDLE: '/ca.pem',
    })
  })
})

describe('the command', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'glassine-kms-line-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const ends: (() => void)[] = []
  const signals: string[] = []
  afterEach(() => {
    for (const end of ends.splice(0)) end()
    signals.length = 0
  })

  const start = async (...args: string[]) => {
    const written = { out: '', err: '' }
    const code = await runCommand(args, {
      stdout: {
        write: (text) => {
          written.out += text
        },
      },
      stderr: {
        write: (text) => {
          written.err += text
        },
      },
      once(signal, listener) {
        signals.push(signal)
        ends.push(listener)
      },
    })
    return { code, written }
  }
  /** Calls the server as a client would that was told only what is printed. */
  const ask = async (line: string) => {
    const { endpoint, region, accountId, env } = JSON.parse(line)
    const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY }
    const kms = { endpoint, region, accountId, credentials } as LocalKms
    return call(kms, 'ListKeys', '{}', usualSigning(kms))
  }

  test('prints where the server is, logs calls elsewhere, and ends at both signals', async () => {
    const { code, written } = await start('--port', '0', '--json', '--key', 'alias/a')
    expect(code).toBe(0)
    expect(written.out.split('\n')).toHaveLength(2)
    expect(written.err).toBe('')
    expect((await ask(written.out)).status).toBe(200)
    expect(written.err.endsWith('\n')).toBe(true)
    expect(JSON.parse(written.err)).toMatchObject({ operation: 'ListKeys' })
    expect(signals).toEqual(['SIGINT', 'SIGTERM'])
    for (const end of ends) end()
    await expect(ask(written.out)).rejects.toThrow()
  })

  test('prints text for people, with calls as lines', async () => {
    const file = join(folder, 'kms.json')
    const { written } = await start('--port', '0', '--file', file)
    expect(written.out).toContain('Local KMS on http://127.0.0.1:')
    expect(written.out).toContain(`keys are in ${file}`)
    expect(existsSync(file)).toBe(true)
  })

  test('logs no calls with --quiet', async () => {
    const { written } = await start('--port', '0', '--json', '--quiet')
    expect((await ask(written.out)).status).toBe(200)
    expect(written.err).toBe('')
  })

  test('writes the CA to the given file, or to a folder of its own', async () => {
    const ca = join(folder, 'ca.pem')
    for (const args of [['--ca', ca], []]) {
      const { written } = await start('--port', '0', '--https', '--json', ...args)
      const { endpoint, env } = JSON.parse(written.out)
      expect(endpoint).toMatch(/^https:/)
      expect(isAbsolute(env.NODE_EXTRA_CA_CERTS)).toBe(true)
      expect(readFileSync(env.NODE_EXTRA_CA_CERTS, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----\n/)
      if (args.length > 0) expect(env.NODE_EXTRA_CA_CERTS).toBe(ca)
      else rmSync(join(env.NODE_EXTRA_CA_CERTS, '..'), { recursive: true })
    }
  })

  test('prints its help, and starts nothing', async () => {
    const { code, written } = await start('--help')
    expect(code).toBe(0)
    expect(written.out).toMatch(/^Usage: local-kms \[options\]\n/)
    expect([written.err, signals]).toEqual(['', []])
  })

  test.each([
    [['--other'], /^local-kms: Unknown option '--other'.*\nTry --help\.\n$/],
    [['--port', 'x'], /^local-kms: option `port` must be an integer from 0 to 65535\nTry --help\.\n$/],
    [['--port', '0', '--key', 'alias/aws/x'], /^local-kms: .*\nTry --help\.\n$/],
  ])('exits with code 2 and one line for %j', async (args, line) => {
    const { code, written } = await start(...args)
    expect([code, written.out, signals]).toEqual([2, '', []])
    expect(written.err).toMatch(line)
  })

  test.each([
    ['{', /^local-kms: .* is not JSON\nTry --help\.\n$/],
    ['[]', /^local-kms: option `principals` must be .*\nTry --help\.\n$/],
    ['null', /^local-kms: option `principals` must be .*\nTry --help\.\n$/],
    ['{"intake":{}}', /^local-kms: option `principals` must have ARNs .*: intake\nTry --help\.\n$/],
    [
      '{"arn:aws:iam::111122223333:role/a":{"policies":["{"]}}',
      /^local-kms: option `principals` has a malformed policy for arn:.*\nTry --help\.\n$/,
    ],
    [undefined, /^local-kms: ENOENT.*\nTry --help\.\n$/],
  ])('exits with code 2 and one line for principals that are %j', async (text, line) => {
    const file = join(folder, 'principals.json')
    rmSync(file, { force: true })
    if (text !== undefined) writeFileSync(file, text)
    const { code, written } = await start('--port', '0', '--principals', file)
    expect([code, written.out, signals]).toEqual([2, '', []])
    expect(written.err).toMatch(line)
  })

  test('exits with code 1 and one line if the port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const { code, written } = await start('--port', String(port))
    await new Promise((resolve) => taken.close(resolve))
    expect([code, written.out]).toEqual([1, ''])
    expect(written.err).toMatch(/^local-kms: .*EADDRINUSE.*\n$/)
    expect(written.err).not.toContain('Try --help')
  })

  test('rethrows errors that are not about options', async () => {
    const broken = { write: () => {} }
    await expect(
      runCommand(['--help'], {
        stdout: {
          write: () => {
            throw new Error('a defect')
          },
        },
        stderr: broken,
        once: () => {},
      }),
    ).rejects.toThrow('a defect')
  })
})
