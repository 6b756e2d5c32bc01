# Two machines behind a balancer, an image of one, a bigger machine from it with an Elastic IP.
# Where the cloud is, and its keys, are in the environment.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  skip_requesting_account_id = false
  default_tags {
    tags = { site = "shop" }
  }
}

variable "type" {
  default = "t3.micro"
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

data "aws_security_group" "default" {
  vpc_id = data.aws_vpc.default.id
  name   = "default"
}

data "aws_ami" "web" {
  owners      = ["amazon"]
  most_recent = true
  filter {
    name   = "name"
    values = ["web"]
  }
}

resource "aws_instance" "web" {
  count                  = 2
  ami                    = data.aws_ami.web.id
  instance_type          = "t3.nano"
  vpc_security_group_ids = [data.aws_security_group.default.id]
  tags                   = { Name = "web-${count.index}" }
}

resource "aws_ami_from_instance" "shop" {
  name               = "shop-1.0"
  source_instance_id = aws_instance.web[0].id
}

resource "aws_instance" "big" {
  ami                     = aws_ami_from_instance.shop.id
  instance_type           = var.type
  user_data               = "#!/bin/sh\necho ready\n"
  disable_api_termination = false
  tags                    = { Name = "big" }
}

resource "aws_eip" "big" {
  domain = "vpc"
}

resource "aws_eip_association" "big" {
  allocation_id = aws_eip.big.id
  instance_id   = aws_instance.big.id
}

resource "aws_lb" "front" {
  name            = "front"
  security_groups = [data.aws_security_group.default.id]
  subnets         = data.aws_subnets.default.ids
  idle_timeout    = 90
}

resource "aws_lb_target_group" "web" {
  name                 = "web"
  port                 = 80
  protocol             = "HTTP"
  vpc_id               = data.aws_vpc.default.id
  deregistration_delay = 1
  health_check {
    interval = 5
    timeout  = 2
    path     = "/"
  }
}

resource "aws_lb_target_group_attachment" "web" {
  count            = 2
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
  port             = 80
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.front.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_listener_rule" "teapot" {
  listener_arn = aws_lb_listener.http.arn
  priority     = 10
  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "short and stout"
      status_code  = "418"
    }
  }
  condition {
    path_pattern {
      values = ["/teapot"]
    }
  }
}

output "balancer" {
  value = aws_lb.front.dns_name
}

output "address" {
  value = aws_eip.big.public_ip
}
