"""Records of the GraphQL API as flyctl prints them: every field it knows, capitalised, empty when not asked for."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import format_time

NO_TIME = "0001-01-01T00:00:00Z"
_Record = dict[str, Any]


def app_record(app: _Record) -> _Record:
    """An app."""
    image = image_version(app.get("imageDetails") or {})
    release = app.get("currentRelease")
    return {
        "ID": app.get("id") or "",
        "InternalNumericID": int(app.get("internalNumericId") or 0),
        "Name": app.get("name") or "",
        "State": "",
        "Status": app.get("status") or "",
        "Deployed": bool(app.get("deployed")),
        "Hostname": app.get("hostname") or "",
        "AppURL": app.get("appUrl") or "",
        "Version": app.get("version") or 0,
        "NetworkID": 0,
        "Network": app.get("network") or "",
        "Release": None,
        "Organization": organization_record(app.get("organization") or {}),
        "Secrets": None,
        "CurrentRelease": None if release is None else release_record(release),
        "Releases": {"Nodes": None},
        "IPAddresses": {"Nodes": _addresses(app)},
        "EgressIpAddresses": {"Nodes": None},
        "SharedIPAddress": app.get("sharedIpAddress") or "",
        "CNAMETarget": app.get("cnameTarget") or "",
        "IPAddress": None,
        "Certificates": {"Nodes": None},
        "Certificate": _certificate(),
        "PostgresAppRole": None,
        "Image": None,
        "ImageUpgradeAvailable": False,
        "ImageVersionTrackingEnabled": False,
        "ImageDetails": image,
        "LatestImageDetails": image_version({}),
        "PlatformVersion": app.get("platformVersion") or "",
        "Machines": {"Nodes": app.get("machines", {}).get("nodes")},
        "CurrentLock": None,
    }


def _addresses(app: _Record) -> list[_Record] | None:
    found = app.get("ipAddresses")
    return None if found is None else [address_record(node) for node in found["nodes"]]


def address_record(address: _Record) -> _Record:
    """An IP address."""
    return {
        "ID": address.get("id") or "",
        "Address": address.get("address") or "",
        "Type": address.get("type") or "",
        "Region": address.get("region") or "",
        "CreatedAt": format_time(address.get("createdAt") or NO_TIME),
        "ServiceName": address.get("serviceName") or "",
        "Network": None,
    }


def image_version(details: _Record) -> _Record:
    """What is known about an image's version."""
    keys = ("Registry", "Repository", "Tag", "Version", "Digest")
    return {key: details.get(key.lower()) or "" for key in keys}


def organization_record(org: _Record) -> _Record:
    """An organization."""
    return {
        "ID": org.get("id") or "",
        "InternalNumericID": org.get("internalNumericId") or "",
        "Name": org.get("name") or "",
        "RemoteBuilderImage": "",
        "RemoteBuilderApp": None,
        "Slug": org.get("slug") or "",
        "RawSlug": org.get("rawSlug") or "",
        "Type": org.get("type") or "",
        "PaidPlan": bool(org.get("paidPlan")),
        "Billable": bool(org.get("billable")),
        "Settings": None,
        "AllowedReplaySourceOrgSlugs": None,
        "AllowAllCrossNetworkReplays": False,
        "WireGuardPeer": None,
        "WireGuardPeers": {"Nodes": None, "Edges": None},
        "DelegatedWireGuardTokens": {"Nodes": None, "Edges": None},
        "LoggedCertificates": None,
    }


def organization_basics(org: _Record) -> _Record:
    """An organization, in short."""
    keys = ("ID", "InternalNumericID", "Name", "Slug", "RawSlug", "PaidPlan")
    whole = organization_record(org)
    return {key: whole[key] for key in keys}


def release_record(release: _Record) -> _Record:
    """A release."""
    user = release.get("user") or {}
    return {
        "ID": release.get("id") or "",
        "Version": release.get("version") or 0,
        "Stable": bool(release.get("stable")),
        "InProgress": bool(release.get("inProgress")),
        "Reason": release.get("reason") or "",
        "Description": release.get("description") or "",
        "Status": release.get("status") or "",
        "DeploymentStrategy": "",
        "Metadata": None,
        "User": {
            "ID": user.get("id") or "",
            "Name": user.get("name") or "",
            "Email": user.get("email") or "",
            "EnablePaidHobby": False,
        },
        "EvaluationID": release.get("evaluationId") or "",
        "CreatedAt": format_time(release.get("createdAt") or NO_TIME),
        "ImageRef": release.get("imageRef") or "",
    }


def _certificate() -> _Record:
    return {
        "ID": "",
        "AcmeDNSConfigured": False,
        "AcmeALPNConfigured": False,
        "Configured": False,
        "CertificateAuthority": "",
        "CreatedAt": NO_TIME,
        "DNSProvider": "",
        "DNSValidationInstructions": "",
        "DNSValidationHostname": "",
        "DNSValidationTarget": "",
        "Hostname": "",
        "Source": "",
        "ClientStatus": "",
        "IsApex": False,
        "IsWildcard": False,
        "ValidationErrors": None,
        "Issued": {"Nodes": None},
    }
