// Synthesises the stack of examples/deploy/cdk with the quick start's handler, loads SAM's template as CDK does, and
// invokes the bundle that the synthesis made as Lambda starts Node. Nothing is deployed: AWS has checked nothing.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include'

const from = (folder) => JSON.parse(readFileSync(path.join(folder, 'Patients.template.json'), 'utf8'))
const of = (template, type) =>
  Object.values(template.Resources)
    .filter((one) => one.Type === type)
    .map(({ Properties }) => Properties)

const env = { ...process.env, CDK_OUTDIR: path.resolve('cdk.out') }
execFileSync(process.execPath, ['stack.mjs'], { env, stdio: 'inherit' })
const template = from('cdk.out')
const statements = of(template, 'AWS::IAM::Policy').flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
assert.deepEqual(
  statements.map(({ Action, Condition }) => [Action, Condition]),
  [
    [
      ['kms:GenerateDataKey', 'kms:Decrypt'],
      { StringEquals: { 'kms:EncryptionContext:glassine:model': 'patient' } },
    ],
  ],
)
assert.equal(of(template, 'AWS::CloudWatch::Alarm').length, 2)
assert.deepEqual(of(template, 'AWS::ApiGatewayV2::Api')[0].CorsConfiguration.ExposeHeaders, [
  'encryption-proof',
  'date',
])

// Each resource becomes the class that CDK generates from AWS's schema, which refuses properties of a wrong type.
const app = new App()
const included = new CfnInclude(new Stack(app, 'Sam'), 'Template', { templateFile: 'template.yaml' })
assert.equal(included.getResource('Handler').constructor.name, 'CfnFunction')
assert.equal(included.getResource('Api').constructor.name, 'CfnHttpApi')
app.synth()
const misfit = readFileSync('template.yaml', 'utf8').replace('MemorySize: 512', 'MemorySize: much')
writeFileSync('misfit.yaml', misfit)
const other = new App()
assert.throws(() => {
  new CfnInclude(new Stack(other, 'Misfit'), 'Template', { templateFile: 'misfit.yaml' })
  other.synth()
}, /memorySize/)

const bundles = readdirSync('cdk.out').map((name) => path.join('cdk.out', name, 'index.mjs'))
const bundle = bundles.find((file) => existsSync(file))
execFileSync(process.execPath, ['--no-experimental-require-module', 'bundled.mjs', bundle], {
  stdio: 'inherit',
})
