# A machine is copied into a bigger one, which takes its Elastic IP: a person's shell script.
eval "$(minicloud env)"

image=$(aws ec2 describe-images --owners amazon --filters Name=name,Values=web \
    --query 'Images[0].ImageId' --output text)
small=$(aws ec2 run-instances --image-id "$image" --instance-type t3.nano \
    --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=shop}]' \
    --query 'Instances[0].InstanceId' --output text)
allocation=$(aws ec2 allocate-address --query AllocationId --output text)
address=$(aws ec2 describe-addresses --allocation-ids "$allocation" \
    --query 'Addresses[0].PublicIp' --output text)
aws ec2 wait instance-running --instance-ids "$small"
aws ec2 associate-address --allocation-id "$allocation" --instance-id "$small" >/dev/null
curl --silent --fail --retry 5 --retry-connrefused "http://$address/" | grep -q Hello

copy=$(aws ec2 create-image --instance-id "$small" --name shop-2.0 --query ImageId --output text)
aws ec2 describe-instances --filters Name=tag:Name,Values=shop --output text \
    --query 'Reservations[].Instances[].InstanceId' | grep -qx "$small"
aws ec2 wait image-available --image-ids "$copy"
big=$(aws ec2 run-instances --image-id "$copy" --instance-type t3.small --count 1 \
    --query 'Instances[0].InstanceId' --output text)
name=$(aws ec2 describe-instances --instance-ids "$big" --output text \
    --query 'Reservations[0].Instances[0].PrivateDnsName')
aws ec2 wait instance-running --instance-ids "$big"
aws ec2 associate-address --allocation-id "$allocation" --instance-id "$big" \
    --allow-reassociation >/dev/null
curl --silent --fail --retry 5 --retry-connrefused "http://$address/" | grep -q "${name%%.*}"

aws ec2 disassociate-address --public-ip "$address" >/dev/null
aws ec2 terminate-instances --instance-ids "$small" "$big" >/dev/null
aws ec2 release-address --allocation-id "$allocation"
aws ec2 deregister-image --image-id "$copy" >/dev/null
aws ec2 wait instance-terminated --instance-ids "$small" "$big"
echo done
