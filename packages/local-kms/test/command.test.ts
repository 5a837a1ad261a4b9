import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DescribeKeyCommand, EncryptCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

describe('local-kms', () => {
  let folder: string
  let command: string
  const running = new Set<ChildProcess>()
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'glassine-kms-test-'))
    command = join(folder, 'local-kms.mjs')
    // Built from the source: a test must not depend on what dist happens to hold.
    execFileSync(process.execPath, [
      path('../../../node_modules/esbuild/bin/esbuild'),
      path('../src/bin/main.ts'),
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--conditions=@glassine/source',
      '--log-level=error',
      `--outfile=${command}`,
    ])
  })
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL')
    running.clear()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const start = (args: string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...env },
    })
    running.add(child)
    const out: string[] = []
    const err: string[] = []
    const lines = (stream: NodeJS.ReadableStream, into: string[]): void => {
      createInterface({ input: stream }).on('line', (line) => into.push(line))
    }
    lines(child.stdout, out)
    lines(child.stderr, err)
    const until = async (found: () => boolean): Promise<void> => {
      while (!found()) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${err.join('\n')}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    return { child, out, err, until, closed: once(child, 'close') as Promise<[number | null, string | null]> }
  }

  test('--json prints one line that a program can start from, and ends on SIGTERM', async () => {
    const args = [
      '--port',
      '0',
      '--key',
      'alias/patients',
      '--key',
      'alias/x:RSA_2048',
      '--region',
      'eu-west-3',
    ]
    const { child, out, err, until, closed } = start([...args, '--json'])
    await until(() => out.length > 0)
    const started = JSON.parse(out[0] ?? '')
    expect(started).toMatchObject({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: 'eu-west-3',
      accountId: '111122223333',
      env: { AWS_ENDPOINT_URL_KMS: started.endpoint, AWS_REGION: 'eu-west-3' },
    })
    expect(started.keys.map((key: { alias: string }) => key.alias)).toEqual(['alias/patients', 'alias/x'])

    const client = new KMSClient({
      endpoint: started.env.AWS_ENDPOINT_URL_KMS,
      region: started.env.AWS_REGION,
      credentials: {
        accessKeyId: started.env.AWS_ACCESS_KEY_ID,
        secretAccessKey: started.env.AWS_SECRET_ACCESS_KEY,
      },
    })
    await client.send(new EncryptCommand({ KeyId: 'alias/patients', Plaintext: Buffer.from('canary-0815') }))
    await until(() => err.length > 0)
    expect(JSON.parse(err[0] ?? '')).toMatchObject({ operation: 'Encrypt', keyArn: started.keys[0].arn })
    client.destroy()
    child.kill('SIGTERM')
    expect(await closed).toEqual([0, null])
    expect(out).toHaveLength(1)
    const all = [...out, ...err].join('\n')
    expect(all).not.toContain('canary-0815')
    expect(all).not.toContain(Buffer.from('canary-0815').toString('base64'))
  })

  test('prints aligned text without colours into a pipe, and ends on SIGINT', async () => {
    const file = join(folder, 'kms.json')
    const { child, out, err, until, closed } = start([
      '--port',
      '0',
      '--key',
      'alias/a',
      '--key',
      'alias/longer',
      '--file',
      file,
    ])
    await until(() => out.some((line) => line.includes('Ctrl-C')))
    const text = out.join('\n')
    expect(text).toMatch(/^Local KMS on http:\/\/127\.0\.0\.1:\d+$/m)
    const columns = out.filter((line) => line.includes(':key/')).map((line) => line.indexOf('arn:'))
    expect(columns).toHaveLength(2)
    expect(columns[0]).toBe(columns[1])
    expect(text).toMatch(/^ {2}export AWS_ENDPOINT_URL_KMS=http/m)
    expect(text).not.toContain('\u001b')
    expect(existsSync(file)).toBe(true)

    const exported = (name: string): string => new RegExp(`export ${name}=(.*)`).exec(text)?.[1] ?? ''
    const client = new KMSClient({
      endpoint: exported('AWS_ENDPOINT_URL_KMS'),
      region: exported('AWS_REGION'),
      credentials: {
        accessKeyId: exported('AWS_ACCESS_KEY_ID'),
        secretAccessKey: exported('AWS_SECRET_ACCESS_KEY'),
      },
    })
    await expect(client.send(new DescribeKeyCommand({ KeyId: 'alias/none' }))).rejects.toThrow()
    await until(() => err.length > 0)
    expect(err[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}DescribeKey {6}eu-west-1 {2}NotFoundException$/)
    client.destroy()
    child.kill('SIGINT')
    expect(await closed).toEqual([0, null])
  })

  test('--https writes its CA to the file of --ca, and --quiet prints no calls', async () => {
    const ca = join(folder, 'ca.pem')
    const { out, err, until, child, closed } = start([
      '--port',
      '0',
      '--https',
      '--ca',
      ca,
      '--json',
      '--quiet',
      '--key',
      'alias/a',
    ])
    await until(() => out.length > 0)
    const { endpoint, env } = JSON.parse(out[0] ?? '')
    expect(env.NODE_EXTRA_CA_CERTS).toBe(ca)
    const client = new KMSClient({
      endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
      requestHandler: { httpsAgent: { ca: readFileSync(ca) } },
    })
    await client.send(new DescribeKeyCommand({ KeyId: 'alias/a' }))
    client.destroy()
    child.kill('SIGTERM')
    await closed
    expect(err).toEqual([])
  })

  test('--credentials names an access key and its principal; --no-verify-signatures takes any signature', async () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'secret' }
    const listed = async (args: string[]) => {
      const { out, until, child, closed } = start(['--port', '0', '--json', '--quiet', ...args])
      await until(() => out.length > 0)
      const client = new KMSClient({
        endpoint: JSON.parse(out[0] ?? '').endpoint,
        region: 'eu-west-1',
        credentials,
      })
      const response = await client.send(new ListKeysCommand({})).then(
        () => 'served',
        ({ name, message }: Error) => `${name}: ${message}`,
      )
      client.destroy()
      child.kill('SIGTERM')
      await closed
      return response
    }
    expect(await listed([])).toMatch(/^UnrecognizedClientException/)
    expect(await listed(['--credentials', 'test:secret'])).toBe('served')
    expect(await listed(['--credentials', 'test:wrong'])).toMatch(/^InvalidSignatureException/)
    expect(await listed(['--credentials', 'test:secret:arn:aws:iam::111122223333:role/x'])).toMatch(
      /^AccessDeniedException: User: arn:aws:iam::111122223333:role\/x is not authorized/,
    )
    expect(await listed(['--no-verify-signatures'])).toBe('served')
  })

  test('--help explains every option', async () => {
    const { out, closed } = start(['--help'])
    expect(await closed).toEqual([0, null])
    for (const option of [
      'port',
      'host',
      'region',
      'account',
      'key',
      'file',
      'https',
      'ca',
      'credentials',
      'no-verify-signatures',
      'allow-host',
      'json',
      'quiet',
    ]) {
      expect(out.join('\n')).toMatch(new RegExp(`^  --${option}( |$)`, 'm'))
    }
  })

  test.each([
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--port', 'x'], 'option `port` must be an integer from 0 to 65535'],
    [['--port', ''], 'option `port` must be an integer from 0 to 65535'],
    [['--port', '0', '--key', 'patients'], 'option `keys` must name keys'],
    [['--port', '0', '--key', 'alias/x:RSA_2048:KEY_AGREEMENT'], 'KeyUsage KEY_AGREEMENT is not compatible'],
  ])('%j is refused in one line', async (args, message) => {
    const { out, err, closed } = start(args)
    expect(await closed).toEqual([2, null])
    expect(out).toEqual([])
    expect(err).toHaveLength(2)
    expect(err[0]).toContain(message)
    expect(err[1]).toBe('Try --help.')
  })

  test('a taken port is one line without a stack', async () => {
    const first = start(['--port', '0', '--json'])
    await first.until(() => first.out.length > 0)
    const { port } = new URL(JSON.parse(first.out[0] ?? '').endpoint)
    const second = start(['--port', port])
    expect(await second.closed).toEqual([1, null])
    expect(second.err).toEqual([expect.stringContaining('EADDRINUSE')])
  })
})
