using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Sets a variable (NAME=value) or tells one (NAME).</summary>
internal sealed class VariableCommand : ICommand
{
    public string Name => "env";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        string[] parts = argument.Split('=', 2);
        if (parts.Length > 1)
            Environment.SetEnvironmentVariable(parts[0], parts[1]);
        return ValueTask.FromResult<string?>(Environment.GetEnvironmentVariable(parts[0]) ?? "unset");
    }
}
