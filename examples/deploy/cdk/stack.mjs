// The quick start's handler behind an HTTP API, with a key of its own and two alarms.
// `cdk deploy --app 'node stack.mjs'`
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { FilterPattern, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'

const app = new App()
const stack = new Stack(app, 'Patients')

const key = new Key(stack, 'Key', { alias: 'alias/patients', enableKeyRotation: true })

const logGroup = new LogGroup(stack, 'Log', { retention: RetentionDays.ONE_MONTH })
const handler = new NodejsFunction(stack, 'Handler', {
  entry: app.node.tryGetContext('entry') ?? 'handler.ts',
  runtime: Runtime.NODEJS_22_X,
  architecture: Architecture.ARM_64,
  memorySize: 512,
  timeout: Duration.seconds(10),
  logGroup,
  bundling: {
    format: OutputFormat.ESM,
    target: 'node22', // not esnext: decorators must be compiled
    mainFields: ['module', 'main'],
    externalModules: ['@aws-sdk/*'], // the SDK of the Lambda runtime
  },
})

// Not `key.grantEncryptDecrypt`, which grants more, and without a condition.
handler.addToRolePolicy(
  new PolicyStatement({
    actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:EncryptionContext:glassine:model': 'patient' } },
  }),
)

const issuer =
  app.node.tryGetContext('issuer') ?? 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example'
const api = new HttpApi(stack, 'Api', {
  corsPreflight: {
    allowOrigins: ['https://app.example.com'],
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => HttpMethod[method]),
    allowHeaders: ['authorization', 'content-type', 'encryption-key'],
    exposeHeaders: ['encryption-proof', 'date'],
  },
})
api.addRoutes({
  path: '/patients',
  methods: [HttpMethod.POST],
  integration: new HttpLambdaIntegration('Integration', handler),
  authorizer: new HttpJwtAuthorizer('Authorizer', issuer, { jwtAudience: ['app-client-id'] }),
})

// Words, not a JSON pattern: Lambda puts time and request id before each line.
for (const [name, code] of [
  ['KeyDenied', 'ERR_KEY_DENIED'],
  ['KeyUnavailable', 'ERR_KEY_UNAVAILABLE'],
])
  logGroup
    .addMetricFilter(name, {
      metricNamespace: 'Glassine',
      metricName: name,
      filterPattern: FilterPattern.allTerms('Glassine refused', code),
    })
    .metric({ statistic: 'sum', period: Duration.minutes(1) })
    .createAlarm(stack, `${name}Alarm`, { threshold: 1, evaluationPeriods: 1 })

new CfnOutput(stack, 'Url', { value: api.apiEndpoint })
app.synth()
