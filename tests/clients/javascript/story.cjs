// A script as JavaScript's users have it: everything that it knows of the cloud is the environment.
const ec2lib = require("@aws-sdk/client-ec2");
const elblib = require("@aws-sdk/client-elastic-load-balancing-v2");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

const quick = (client) => ({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 });

async function until(what, look) {
  for (let i = 0; i < 60; i++) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`waited in vain for ${what}`);
}

const page = (url) => until(url, async () => (await fetch(url)).text());

async function main() {
  const ec2 = new ec2lib.EC2Client();
  const elb = new elblib.ElasticLoadBalancingV2Client();
  const { Account } = await new STSClient().send(new GetCallerIdentityCommand());

  const { Images } = await ec2.send(
    new ec2lib.DescribeImagesCommand({ Filters: [{ Name: "name", Values: ["web"] }] }),
  );
  const { Instances } = await ec2.send(
    new ec2lib.RunInstancesCommand({
      ImageId: Images[0].ImageId,
      InstanceType: "t3.nano",
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "node" }] }],
    }),
  );
  const InstanceIds = Instances.map((instance) => instance.InstanceId);
  await ec2lib.waitUntilInstanceRunning(quick(ec2), { InstanceIds });
  const machines = [];
  for await (const found of ec2lib.paginateDescribeInstances(
    { client: ec2, pageSize: 5 },
    { Filters: [{ Name: "instance-state-name", Values: ["running"] }] },
  )) {
    machines.push(...found.Reservations.flatMap((reservation) => reservation.Instances));
  }
  const hello = (await page(`http://${machines[0].PublicIpAddress}/`)).includes("Hello");

  const { Subnets } = await ec2.send(new ec2lib.DescribeSubnetsCommand({}));
  const { LoadBalancers } = await elb.send(
    new elblib.CreateLoadBalancerCommand({
      Name: "node",
      Subnets: Subnets.map((subnet) => subnet.SubnetId),
    }),
  );
  const { LoadBalancerArn, DNSName } = LoadBalancers[0];
  const { TargetGroups } = await elb.send(
    new elblib.CreateTargetGroupCommand({
      Name: "node",
      Protocol: "HTTP",
      Port: 80,
      VpcId: Subnets[0].VpcId,
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
    }),
  );
  const { TargetGroupArn } = TargetGroups[0];
  await elb.send(
    new elblib.RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: InstanceIds[0] }] }),
  );
  await elb.send(
    new elblib.CreateListenerCommand({
      LoadBalancerArn,
      Protocol: "HTTP",
      Port: 80,
      DefaultActions: [{ Type: "forward", TargetGroupArn }],
    }),
  );
  await elblib.waitUntilLoadBalancerAvailable(quick(elb), { LoadBalancerArns: [LoadBalancerArn] });
  await elblib.waitUntilTargetInService(quick(elb), { TargetGroupArn });
  const balanced = (await page(`http://${DNSName}/`)).includes("Hello");

  await elb.send(new elblib.DeleteLoadBalancerCommand({ LoadBalancerArn }));
  await elb.send(new elblib.DeleteTargetGroupCommand({ TargetGroupArn }));
  await ec2.send(new ec2lib.TerminateInstancesCommand({ InstanceIds }));
  await ec2lib.waitUntilInstanceTerminated(quick(ec2), { InstanceIds });
  const missing = await ec2
    .send(new ec2lib.DescribeInstancesCommand({ InstanceIds: ["i-0123456789abcdef0"] }))
    .catch((error) => error.name);
  console.log(JSON.stringify({ Account, machines: machines.length, hello, balanced, missing }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
