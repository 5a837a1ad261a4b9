// Installs AWS Lambda's runtime client into a folder outside the repository: compiling its native code takes minutes,
// and most contributors do not need it. `node tools/lambda-runtime/build.mjs FOLDER`; the tests find it by
// GLASSINE_LAMBDA_RUNTIME=FOLDER. Needs cmake, g++, make and python3, and Node's headers beside its binary.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Name the folder: node tools/lambda-runtime/build.mjs FOLDER')
if (!existsSync(path.join(folder, 'node_modules/aws-lambda-ric/rapid-client.node'))) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  const nodedir = path.dirname(path.dirname(process.execPath))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', 'aws-lambda-ric@4.0.2'], {
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(existsSync(path.join(nodedir, 'include/node')) && { npm_config_nodedir: nodedir }),
    },
  })
}
