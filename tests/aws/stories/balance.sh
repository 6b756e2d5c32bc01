# Two machines behind a load balancer: a person's shell script.
eval "$(minicloud env)"

image=$(aws ec2 describe-images --owners amazon --filters Name=name,Values=web \
    --query 'Images[0].ImageId' --output text)
machines=$(aws ec2 run-instances --image-id "$image" --instance-type t3.nano --count 2 \
    --query 'Instances[].InstanceId' --output text)
vpc=$(aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text)
subnets=$(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" \
    --query 'Subnets[].SubnetId' --output text)
balancer=$(aws elbv2 create-load-balancer --name site --subnets $subnets \
    --query 'LoadBalancers[0].LoadBalancerArn' --output text)
group=$(aws elbv2 create-target-group --name site --protocol HTTP --port 80 --vpc-id "$vpc" \
    --health-check-interval-seconds 5 --health-check-timeout-seconds 2 \
    --healthy-threshold-count 2 --query 'TargetGroups[0].TargetGroupArn' --output text)
aws ec2 wait instance-running --instance-ids $machines
targets=$(printf 'Id=%s ' $machines)
aws elbv2 register-targets --target-group-arn "$group" --targets $targets
aws elbv2 create-listener --load-balancer-arn "$balancer" --protocol HTTP --port 80 \
    --default-actions "Type=forward,TargetGroupArn=$group" >/dev/null
aws elbv2 wait load-balancer-available --load-balancer-arns "$balancer"
name=$(aws elbv2 describe-load-balancers --names site --query 'LoadBalancers[0].DNSName' \
    --output text)
aws elbv2 wait target-in-service --target-group-arn "$group"
for _ in 1 2 3 4 5 6 7 8; do curl --silent --fail "http://$name/"; done \
    | grep -o 'ip-[0-9-]*' | sort -u | grep -c . | grep -qx 2

aws ec2 terminate-instances --instance-ids $machines >/dev/null
aws elbv2 delete-load-balancer --load-balancer-arn "$balancer"
aws elbv2 wait load-balancers-deleted --load-balancer-arns "$balancer"
aws elbv2 delete-target-group --target-group-arn "$group"
aws ec2 wait instance-terminated --instance-ids $machines
echo done
