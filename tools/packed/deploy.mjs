// The templates of docs/deploy.md. CDK is large, and needed nowhere else. What its synthesis bundles is invoked under
// Lambda's own runtime client too, where GLASSINE_LAMBDA_RUNTIME names one.
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { run } from '../spawn.mjs'

/** @param folder - inside the quick start's, whose packages the bundle needs */
export const runDeploy = async ({ folder, shell }) => {
  mkdirSync(folder)
  for (const file of [
    'tools/packed/deploy/synth.mjs',
    'tools/packed/bundled.mjs',
    'examples/deploy/cdk/stack.mjs',
    'examples/deploy/sam/template.yaml',
    'examples/quick-start/handler.ts',
  ])
    cpSync(file, path.join(folder, path.basename(file)))
  await shell('CDK', path.dirname(folder), 'npm install aws-cdk-lib@2.276.0 constructs@10.8.1')
  await shell('synthesised, and its bundle answers', folder, 'node synth.mjs')

  const client = process.env.GLASSINE_LAMBDA_RUNTIME
  if (client !== undefined && existsSync(path.join(client, 'node_modules/aws-lambda-ric')))
    await run("synthesised, under Lambda's runtime client", 'node_modules/.bin/tsx', [
      'tools/packed/deploy/runtime.ts',
      path.join(folder, 'cdk.out'),
    ])
  else if (process.env.GLASSINE_REQUIRE?.split(',').includes('lambda'))
    throw new Error('GLASSINE_REQUIRE names lambda, and GLASSINE_LAMBDA_RUNTIME no runtime client')
  else console.error('Skipped: the bundle under the runtime client: GLASSINE_LAMBDA_RUNTIME is not set')
}
