// The three templates of examples/deploy say the same, and what docs/deploy.md says of permissions is what is called.
// tools/packed.mjs synthesises CDK's, which needs a large package.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'

const folder = 'examples/deploy'
const cdk = readFileSync(`${folder}/cdk/stack.mjs`, 'utf8')
/** CloudFormation's tags, as the functions that they stand for. */
const customTags = ['Ref', 'Sub', 'GetAtt'].map((name) => ({
  tag: `!${name}`,
  resolve: (value: string) => ({ [name === 'Ref' ? name : `Fn::${name}`]: value }),
}))
const yaml = (file: string): any => parse(readFileSync(`${folder}/${file}`, 'utf8'), { customTags })
const sam = yaml('sam/template.yaml')
const serverless = yaml('serverless/serverless.yml')

const headers = ['authorization', 'content-type', 'encryption-key']
const exposed = ['encryption-proof', 'date']
const actions = ['kms:GenerateDataKey', 'kms:Decrypt']
const condition = { StringEquals: { 'kms:EncryptionContext:glassine:model': 'patient' } }

describe('SAM', () => {
  const { Handler, Api } = sam.Resources
  test('has the function that the page describes', () => {
    expect(Handler.Properties).toMatchObject({
      Handler: 'handler.handler',
      Runtime: 'nodejs22.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout: 10,
    })
    expect(Handler.Metadata.BuildProperties).toMatchObject({ Format: 'esm', Target: 'node22' })
  })

  test('allows two actions on one key, in one context', () => {
    expect(Handler.Properties.Policies[0].Statement).toEqual([
      { Effect: 'Allow', Action: actions, Resource: { 'Fn::GetAtt': 'Key.Arn' }, Condition: condition },
    ])
  })

  test('lets browsers send and read the headers of sessions', () => {
    expect(Api.Properties.CorsConfiguration).toMatchObject({ AllowHeaders: headers, ExposeHeaders: exposed })
  })

  test('refers to what it has', () => {
    const known = new Set([...Object.keys(sam.Resources), ...Object.keys(sam.Parameters)])
    const text = JSON.stringify(sam)
    const used = [...text.matchAll(/"(?:Ref|Fn::GetAtt)":"(\w+)/g)].map(([, name]) => name!)
    expect(used.length).toBeGreaterThan(3)
    expect(used.filter((name) => !known.has(name))).toEqual([])
  })
})

describe('Serverless', () => {
  const { provider, functions, build, resources } = serverless
  test('has the same function', () => {
    expect(provider).toMatchObject({
      runtime: 'nodejs22.x',
      architecture: 'arm64',
      memorySize: 512,
      timeout: 10,
    })
    expect(functions.patients.handler).toBe('handler.handler')
    expect(build.esbuild).toMatchObject({ format: 'esm', target: 'node22' })
  })

  test('allows the same', () => {
    expect(provider.iam.role.statements).toEqual([
      { Effect: 'Allow', Action: actions, Resource: { 'Fn::GetAtt': 'Key.Arn' }, Condition: condition },
    ])
    expect(provider.httpApi.cors).toMatchObject({ allowedHeaders: headers, exposedResponseHeaders: exposed })
    expect(functions.patients.events[0].httpApi.authorizer.name).toBe(
      Object.keys(provider.httpApi.authorizers)[0],
    )
  })

  test('makes the same key', () => {
    for (const name of ['Key', 'Alias']) expect(resources.Resources[name]).toEqual(sam.Resources[name])
  })
})

test('the CDK stack says the same', () => {
  expect(cdk).toContain('runtime: Runtime.NODEJS_22_X,')
  expect(cdk).toContain('architecture: Architecture.ARM_64,')
  expect(cdk).toContain('memorySize: 512,')
  expect(cdk).toContain('timeout: Duration.seconds(10),')
  expect(cdk).toContain(`actions: ['${actions.join("', '")}'],`)
  expect(cdk).toContain(`allowHeaders: ['${headers.join("', '")}'],`)
  expect(cdk).toContain(`exposeHeaders: ['${exposed.join("', '")}'],`)
})
