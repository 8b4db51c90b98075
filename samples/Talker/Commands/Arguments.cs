namespace Talker.Commands;

/// <summary>Whether more than its name belongs to a command. That tells "who" from "who is there?", which is speech.</summary>
internal enum Arguments
{
    None,
    Optional,
    Required,
}
