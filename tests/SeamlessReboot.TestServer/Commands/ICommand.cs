using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>What a line that begins with '!' does.</summary>
internal interface ICommand
{
    string Name { get; }

    /// <returns>The answer, one line; null when the command has answered itself.</returns>
    ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument);
}
